"""Local paths, `/dev/null` among them, the home folder, and commands that are not run."""

import os

from plumbum import cli, local


def facts():
    class App(cli.Application):
        name = cli.SwitchAttr("--name", str, default="none")

        def main(self):
            return 0

    path = local.path("/dev/null")
    code = App.run(["app", "--name", "x"], exit=False)
    return [str(local.env.home) == os.path.expanduser("~"), path.exists(), path.read("utf-8"), code[0].name, code[1]]
