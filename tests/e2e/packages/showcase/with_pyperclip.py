"""A clipboard, which is refused in the library's own words."""

import pyperclip


def facts():
    try:
        pyperclip.copy("text")
    except pyperclip.PyperclipException as error:
        return {"refused": type(error).__name__, "available": pyperclip.is_available()}
    return None
