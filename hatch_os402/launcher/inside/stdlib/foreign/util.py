"""`ctypes.util`: there are no libraries to find."""


def find_library(name: str) -> None:
    """Return `None`: no library can be loaded."""
