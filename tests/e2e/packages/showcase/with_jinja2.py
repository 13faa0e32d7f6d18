"""A page from the templates of a package: inheritance, inclusion, escaping; the line of a mistake."""

import traceback

from jinja2 import Environment, PackageLoader, TemplateSyntaxError, UndefinedError, select_autoescape


def facts():
    environment = Environment(loader=PackageLoader("showcase"), autoescape=select_autoescape())
    page = environment.get_template("page.html")
    try:
        environment.get_template("mistake.html")
    except TemplateSyntaxError as error:
        mistake = [error.name, error.lineno, error.source.splitlines()[error.lineno - 1]]
    try:
        environment.get_template("undefined.html").render()
    except UndefinedError as error:
        frame = next(part for part in traceback.extract_tb(error.__traceback__) if "templates" in part.filename)
        undefined = [frame.filename, frame.lineno, frame.line, str(error)]
    return {
        "page": page.render(title="Fish & Chips", items=["<cod>", "peas"]).split("\n"),
        "templates": environment.list_templates(),
        "up to date": page.is_up_to_date,
        "mistake": mistake,
        "undefined": undefined,
    }
