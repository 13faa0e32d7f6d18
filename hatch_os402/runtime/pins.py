"""The pinned cosmo-python: what an offer runs when pyproject.toml names no other `runtime`."""

from __future__ import annotations

NAME = "cosmo-python"

URL = "https://cosmo.zip/pub/cosmos/bin/python"
"""Where the APE is published; `--assimilate` turns it into the ELF that the pins below are of."""

ASSIMILATED_SHA256 = {"x86_64": "c2a95e26e9179212f49bb983c5adcc2ca2959583d2706eba0be247277a6ae264"}
"""SHA256 of the assimilated executable by architecture (`lockboot/os402` at fc913d3, `test/python/Makefile`)."""

ENVIRONMENT = {"COSMOPOLITAN_INIT_ZIPOS": "/proc/self/exe"}
"""Without it the standard library inside the executable is not found in os402's sandbox."""
