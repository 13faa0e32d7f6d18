"""Why a project that is run could not be built."""

from __future__ import annotations

import pytest
from support.buildproject import write_project

from hatch_os402.calls.rebuild import build
from hatch_os402.errors import ArtifactError


@pytest.mark.once
def test_what_the_build_lacks_is_named_where_something_is_lacking(tmp_path):
    """`hatch build` helps where the environment of the command has less than the build requires, and only there."""
    fine = write_project(tmp_path / "fine", options="colour = 1\n")
    with pytest.raises(ArtifactError) as caught:
        build(fine)
    assert caught.value.message == f"the project {fine} could not be built; what is wrong is said above."
    lacking = write_project(tmp_path / "lacking", options='colour = 1\ndependencies = ["no-such-plugin>=2", "pip"]\n')
    with pytest.raises(ArtifactError) as caught:
        build(lacking)
    assert "\nIts build requires no-such-plugin>=2, not installed beside hatch-os402: run " in caught.value.message
