"""Every lexer, found by its alias, reads a program; HTML with styles; a lexer guessed from a file's name."""

from pygments import highlight, lex
from pygments.formatters import HtmlFormatter, get_all_formatters
from pygments.lexers import get_all_lexers, get_lexer_by_name, get_lexer_for_filename
from pygments.styles import get_all_styles, get_style_by_name

TEXT = "def f(x):\n    return 'ü' + x[0] # 1\n<a href=\"b\">&amp;</a>\n"


def facts():
    lexers = [(name, aliases) for name, aliases, _, _ in get_all_lexers() if aliases]
    lost = []
    for name, aliases in lexers:
        lexer = get_lexer_by_name(aliases[0], stripnl=False, ensurenl=False)
        read = "".join(value for _, value in lex(TEXT, lexer))
        if lexer.name != name or "return" not in read:
            lost.append(name)
    html = highlight("x = 1\n", get_lexer_by_name("python"), HtmlFormatter(nowrap=True))
    return {
        "more than 500 lexers": len(lexers) > 500,
        "lost": lost,
        "html": html,
        "guessed": [get_lexer_for_filename(name).name for name in ("a.py", "b.rs", "Makefile", "c.ebnf")],
        "styles": len(list(get_all_styles())) > 40 and get_style_by_name("monokai").background_color,
        "formatters": {"HTML", "LaTeX", "SVG"} <= {formatter.name for formatter in get_all_formatters()},
    }
