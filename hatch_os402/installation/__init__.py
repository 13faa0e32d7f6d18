"""Where this installation of hatch-os402 came from, and how more is installed beside it."""
