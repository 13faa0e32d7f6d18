"""The hook: the same artifacts beside a wheel that any frontend builds (`python -m build -w`, `uv build --wheel`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

from hatch_os402.build.hatch_project import TARGET, check_options, is_building_inner_wheel
from hatch_os402.errors import OptionValueError
from hatch_os402.plugin.bridge import abort_on_error, build_artifacts

_HATCHLING = {"dependencies", "enable-by-default", "require-runtime-dependencies", "require-runtime-features"}


class Os402BuildHook(BuildHookInterface[BuilderConfig]):
    """Does its work for real wheels; nothing for sdists, editable installs and other targets."""

    PLUGIN_NAME = TARGET

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        """Say what is wrong with the options before the wheel is built."""
        if self._concerned(version):
            with abort_on_error(self.app):
                for name in self.config.keys() - _HATCHLING:
                    raise OptionValueError(
                        f"Field `tool.hatch.build.targets.wheel.hooks.{TARGET}.{name}` is not read: the hook has no "
                        f"options of its own; put it under [tool.hatch.build.targets.{TARGET}]"
                    )
                check_options(self.root, self.metadata)

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Build the artifacts beside the wheel at `artifact_path`, from that wheel."""
        if self._concerned(version):
            with abort_on_error(self.app):
                build_artifacts(
                    Path(artifact_path),
                    root=self.root,
                    project_id=self.build_config.builder.project_id,
                    metadata=self.metadata,
                    directory=str(Path(artifact_path).parent),
                    app=self.app,
                )

    def clean(self, versions: list[str]) -> None:  # noqa: ARG002 - hatchling's signature
        """Remove the artifacts beside the wheel, and nothing else."""
        if self.target_name == "wheel":
            from hatch_os402.artifacts.writing import clean  # noqa: PLC0415 - Hatch imports this for every build

            clean(Path(self.directory), self.build_config.builder.project_id)

    def _concerned(self, version: str) -> bool:
        return self.target_name == "wheel" and version == "standard" and not is_building_inner_wheel()
