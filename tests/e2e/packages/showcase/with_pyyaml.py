"""A document with anchors, tags, dates and several languages, loaded, dumped and loaded again."""

import yaml

DOCUMENT = """\
base: &base {name: Zoë, tags: [a, b]}
copy:
  <<: *base
  name: Łukasz
when: 2024-02-29 12:30:00+02:00
text: |
  two
  lines
number: [0x1F, 1_000, .inf, 6.02e+23]
"""


class Point(yaml.YAMLObject):
    yaml_tag = "!point"
    yaml_loader = yaml.SafeLoader
    yaml_dumper = yaml.SafeDumper

    def __init__(self, x, y):
        self.x, self.y = x, y


def facts():
    loaded = yaml.safe_load(DOCUMENT)
    dumped = yaml.safe_dump({"at": Point(1, 2), "ß": None}, allow_unicode=True)
    try:
        yaml.safe_load("a: [1,\nb: 2")
    except yaml.YAMLError as error:
        mistake = [error.problem_mark.line, error.problem_mark.column]
    return {
        "copy": loaded["copy"],
        "when": loaded["when"].isoformat(),
        "text": loaded["text"],
        "numbers": [str(number) for number in loaded["number"]],
        "same again": yaml.safe_load(yaml.safe_dump(loaded)) == loaded,
        "dumped": dumped,
        "point": vars(yaml.safe_load(dumped)["at"]),
        "mistake": mistake,
        "documents": list(yaml.safe_load_all("a\n---\nb\n")),
    }
