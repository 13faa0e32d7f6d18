from __future__ import annotations

import json
from html.parser import HTMLParser

from hypothesis import given, settings
from hypothesis import strategies as st

from hatch_os402.pages.page import Cell, Chart, ChartNode, Table, render


class Reader(HTMLParser):
    """Reads a page as a browser does: which elements there are, and the text in them."""

    def __init__(self, page):
        super().__init__()
        self.elements = []
        self.texts = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data):
        self.texts.append(data)


def page(text):
    node = ChartNode(text, 2, text, "a", [ChartNode(text, 1, text)])
    return render(
        text,
        text,
        [(text, text)],
        Chart("treemap", text, text, {"a": text}, node),
        [Table(text, [text], [[text], [Cell(text, 1, "a", 0.5)]], caption=text, search=True)],
        [text],
        f"{text}\n    {text}",
    )


# What HTML itself changes is left out: a carriage return and NUL, and surrogates, which are no text.
texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]) | st.sampled_from("<>&'\"/!-"), max_size=30)


@settings(max_examples=100, deadline=None)
@given(texts)
def test_text_never_becomes_markup(text):
    plain, read = Reader(page("x")), Reader(page(text))
    if text.strip():  # without a line there is less advice
        assert read.elements == plain.elements
        assert text in read.texts
    data = json.loads(next(stated for stated in read.texts if stated.startswith('{"layout"')))
    assert data["root"]["n"] == text
    assert data["root"]["c"][0]["t"] == text


def test_a_script_element_cannot_be_ended():
    nasty = "</script><script>alert(1)</script><!--"
    assert page(nasty).count("</script>") == page("x").count("</script>")
    assert "<!--" not in page(nasty).partition("<body>")[2]
