"""One application of each framework, as their authors write them; APP says which one is wanted."""

import importlib
import os


def create_app():
    return importlib.import_module("suite." + os.environ["APP"]).app
