"""`python -m hatch_os402`: the command `hatch-os402`."""

from hatch_os402.cli import main

main()
