def main():
    print("Content-Type: text/plain\n\nshop")
