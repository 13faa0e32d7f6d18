"""Looks for its style in the home folder: source formatted in a style."""

from yapf.yapflib.yapf_api import FormatCode


def facts():
    return FormatCode("x = {  'a':1 }\n", style_config="pep8")
