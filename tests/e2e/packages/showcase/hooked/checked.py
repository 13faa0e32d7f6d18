def half(number: float) -> float:
    return number / 2
