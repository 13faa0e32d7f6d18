"""Has a cache in the home folder: source formatted, and a mistake in it."""

import black


def facts():
    mode = black.Mode(line_length=40)
    try:
        black.format_str("def f(:", mode=mode)
    except black.InvalidInput as error:
        return [black.format_str("x = { 'a':1 }", mode=mode), str(error)[:20]]
    return "no mistake"
