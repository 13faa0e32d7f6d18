"""Extensions by entry-point name: those it comes with, and one of the project itself; code through Pygments."""

import markdown
from markdown.extensions import Extension
from markdown.postprocessors import Postprocessor

TEXT = """\
# A title

| a | b |
|---|---|
| 1 | *2* |

```python
x = 1
```

Word[^1]

[^1]: the note
"""


class Shout(Extension):
    def extendMarkdown(self, md):
        md.postprocessors.register(Louder(md), "louder", 0)


class Louder(Postprocessor):
    def run(self, text):
        return text.replace("Word", "WORD")


def facts():
    names = ["tables", "toc", "fenced_code", "codehilite", "footnotes", "showcase-shout"]
    html = markdown.Markdown(extensions=names)
    lines = html.convert(TEXT).splitlines()
    try:
        markdown.markdown("", extensions=["no-such-extension"])
    except ImportError as error:
        unknown = type(error).__name__
    return {
        "lines": lines[:12],
        "toc": html.toc_tokens,
        "shout": [line for line in lines if "WORD" in line],
        "unknown": unknown,
    }
