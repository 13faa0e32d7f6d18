"""What a file in memory consists of, and what opening one gives. Imported with the first such file.

The content is a `bytearray`, until something needs a descriptor that the kernel knows: then it moves into a file that
the kernel keeps in memory (`memfd_create`), where the runtime has that.
"""

import errno
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .scratch import File

# As they were before files.py taught them about paths and descriptors of ours.
_open, _close, _pread, _pwrite, _ftruncate, _fstat, _lseek = (
    getattr(os, name, None) for name in ("open", "close", "pread", "pwrite", "ftruncate", "fstat", "lseek")
)
_ACCESS = os.O_WRONLY | os.O_RDWR
_WITHOUT_A_NAME = os.O_CREAT | os.O_EXCL | os.O_TRUNC | getattr(os, "O_TMPFILE", 0) | getattr(os, "O_NOFOLLOW", 0)


class Store:
    """The content of a file. Offsets and sizes are in bytes."""

    def size(self) -> int:
        """Return how much there is."""
        raise NotImplementedError

    def read(self, at: int, size: int) -> bytes:
        """Return what is there, less at the end."""
        raise NotImplementedError

    def write(self, at: int, data: memoryview) -> None:
        """Put data there; a gap is filled with zeros."""
        raise NotImplementedError

    def truncate(self, size: int) -> None:
        """Cut, or fill with zeros."""
        raise NotImplementedError


class Memory(Store):
    """Content in this process."""

    def __init__(self, content: bytes) -> None:
        self._content = bytearray(content)

    def size(self) -> int:
        """Return how much there is."""
        return len(self._content)

    def read(self, at: int, size: int) -> bytes:
        """Return what is there, less at the end."""
        return bytes(self._content[at : at + size])

    def write(self, at: int, data: memoryview) -> None:
        """Put data there; a gap is filled with zeros."""
        if at > len(self._content):
            self.truncate(at)
        self._content[at : at + len(data)] = data

    def truncate(self, size: int) -> None:
        """Cut, or fill with zeros."""
        if size < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        if size < len(self._content):
            del self._content[size:]
        else:
            self._content.extend(bytes(size - len(self._content)))


class Descriptor(Store):
    """Content in a file of the kernel's, without a name. It goes when this object does."""

    def __init__(self, content: bytes) -> None:
        """Raise `OSError` when there can be no more descriptors, and where there is no `memfd_create`."""
        if not hasattr(os, "memfd_create"):
            raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
        self.number = os.memfd_create("scratch", os.MFD_CLOEXEC)
        self.write(0, memoryview(content))

    def __del__(self) -> None:
        if hasattr(self, "number"):
            _close(self.number)  # type: ignore[misc]  # where there is memfd_create there are all of these

    def size(self) -> int:
        """Return how much there is."""
        return _fstat(self.number).st_size  # type: ignore[misc,no-any-return]

    def read(self, at: int, size: int) -> bytes:
        """Return what is there, less at the end."""
        return _pread(self.number, min(size, max(self.size() - at, 0)), at)  # type: ignore[misc,no-any-return]

    def write(self, at: int, data: memoryview) -> None:
        """Put data there; a gap is filled with zeros."""
        while data:
            written = _pwrite(self.number, data, at)  # type: ignore[misc]
            at, data = at + written, data[written:]

    def truncate(self, size: int) -> None:
        """Cut, or fill with zeros."""
        _ftruncate(self.number, size)  # type: ignore[misc]


class Handle:
    """An open file: where it is being read or written."""

    def __init__(self, file: "File", flags: int, name: "str | bytes") -> None:
        """Take the flags of `os.open`, and the path by which it was opened."""
        self.file = file
        self.flags = flags
        self.name = name
        self.at = 0

    @property
    def readable(self) -> bool:
        """Whether it may be read."""
        return self.flags & _ACCESS != os.O_WRONLY

    @property
    def writable(self) -> bool:
        """Whether it may be written."""
        return self.flags & _ACCESS != os.O_RDONLY

    def read(self, size: int) -> bytes:
        """Read on; all there is for a negative size."""
        content = self.file.content
        found = content.read(self.at, max(content.size() - self.at, 0) if size < 0 else size)
        self.at += len(found)
        return found

    def write(self, data: memoryview) -> int:
        """Write on, or at the end, as it was opened; return how many bytes."""
        if self.flags & os.O_APPEND:
            self.at = self.file.content.size()
        self.file.content.write(self.at, data)
        self.at += len(data)
        self.touch()
        return len(data)

    def truncate(self, size: int) -> None:
        """Cut the file, or fill it with zeros."""
        self.file.content.truncate(size)
        self.touch()

    def seek(self, offset: int, whence: int) -> int:
        """Go to a place counted from the start, from here or from the end; return it, counted from the start."""
        if whence not in (0, 1, 2):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        at = (0, self.at, self.file.content.size())[whence] + offset
        if at < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        self.at = at
        return at

    def touch(self) -> None:
        """Remember that the file was changed now."""
        from time import time_ns  # noqa: PLC0415 - as scratch.py has it

        self.file.modified = time_ns()

    def descriptor(self) -> int:
        """Return a new descriptor of the kernel's for the same file, at the same place. Raises `OSError`."""
        content = self.file.content
        if not isinstance(content, Descriptor):
            content = self.file.content = Descriptor(content.read(0, content.size()))
        # By way of /proc it has a place of its own in the file, and its own flags.
        number: int = _open(f"/proc/self/fd/{content.number}", self.flags & ~_WITHOUT_A_NAME | os.O_CLOEXEC)  # type: ignore[misc]
        _lseek(number, self.at, 0)  # type: ignore[misc]
        return number
