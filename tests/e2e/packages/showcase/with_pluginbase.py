"""Lists a folder of plugins and imports them below a package of its own, each once."""

import os

from pluginbase import PluginBase


def facts():
    base = PluginBase(package="showcase.plugins")
    source = base.make_plugin_source(searchpath=[os.path.join(os.path.dirname(__file__), "hooked", "more")])
    names = source.list_plugins()
    return [
        names,
        [source.load_plugin(name).value for name in names],
        source.open_resource("one", "one.txt").read().decode(),
    ]
