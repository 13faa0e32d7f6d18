"""Settings from a package's own YAML and from a folder in the home, which it makes; and what they may be."""

import os
from pathlib import Path

import confuse


def facts():
    config = confuse.Configuration("Showcase", "showcase.hooked")
    folder = Path(config.config_dir())
    before = [config["size"].get(int), config["name"].as_str(), config["folder"].as_filename()]
    (folder / "config.yaml").write_text("name: of the home\nfolder: below\n")
    config.clear()
    config.read()
    after = [config["size"].get(int), config["name"].as_str(), os.path.relpath(config["folder"].as_filename(), folder)]
    try:
        config["name"].get(int)
    except confuse.ConfigTypeError as error:
        after.append(str(error))
    home = os.path.expanduser("~")
    return [before[:2], after, str(folder).startswith(home), [Path(source.filename).name for source in config.sources]]
