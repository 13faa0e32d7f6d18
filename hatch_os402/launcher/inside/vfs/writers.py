"""Files that the program opens for one of the kernel's descriptors, and that may hold output until the very end."""

_READING = ("r", "rb", "br", "rt")
"""The usual modes that write nothing."""


def note_writer(mode: str) -> None:
    """Have the interpreter finalize, which writes what such a file holds, unless it is opened for reading alone."""
    if mode not in _READING:
        from .. import streams  # noqa: PLC0415 - start.py has loaded it by then

        streams.finalize = True
