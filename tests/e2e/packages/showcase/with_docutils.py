"""reStructuredText to HTML with its own stylesheets and templates, code and an included file, to LaTeX, and mistakes."""

import io
from pathlib import Path

from docutils.core import publish_parts, publish_string

TEXT = f"""\
Title
=====

A *word* and a `link <https://example.org/>`_.

.. code:: python

   x = 1

.. include:: {Path(__file__).with_name("data") / "text.txt"}
   :literal:

.. |copy| unicode:: U+00A9
.. include:: <isonum.txt>

|copy| |reg|
"""


def facts():
    settings = {"output_encoding": "unicode", "report_level": 5, "strip_comments": True, "legacy_column_widths": False}
    parts = publish_parts(TEXT, writer="html5", settings_overrides=settings)
    latex = publish_string(TEXT, writer="latex", settings_overrides={**settings, "use_latex_citations": True})
    told = io.StringIO()
    publish_string("*open\n\n.. nothing::\n", writer="pseudoxml", settings_overrides={"warning_stream": told})
    return {
        "title": parts["title"],
        "body": parts["fragment"].splitlines(),
        "stylesheet": "docutils" in parts["stylesheet"] and "<style" in parts["stylesheet"],
        "latex": [part in latex for part in ("\\documentclass", "\\emph{word}")],
        "mistakes": [line.partition(" ")[2] for line in told.getvalue().splitlines() if line.startswith("<string>")],
    }
