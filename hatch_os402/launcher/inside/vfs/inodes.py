"""What files in memory consist of, and what opening one gives. Imported with the first that is opened.

The content of a file that can be written is a `bytearray`, until something needs a descriptor that the kernel knows:
then it moves into a file that the kernel keeps in memory (`memfd_create`), where the runtime has that.
"""

import errno
import os
from _weakref import ref
from time import time_ns

if os.name == "posix":
    import posix as _posix
else:
    import nt as _posix  # type: ignore[no-redef]

from .mount import stat_result

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .mount import Path

# The originals: what `os` has may be replaced.
_close, _fchmod, _fstat, _ftruncate, _lseek, _open, _pread, _pwrite, _utime = (
    getattr(_posix, name, None)
    for name in ("close", "fchmod", "fstat", "ftruncate", "lseek", "open", "pread", "pwrite", "utime")
)
_ACCESS = os.O_WRONLY | os.O_RDWR
_WITHOUT_A_NAME = os.O_CREAT | os.O_EXCL | os.O_TRUNC | getattr(os, "O_TMPFILE", 0) | getattr(os, "O_NOFOLLOW", 0)
_FOLDER, _FILE = 0o040000, 0o100000
_UMASK = 0o022


_lent: "dict[tuple[int, int], ref[File]]" = {}
"""Device and inode of the kernel's → the file that is kept there."""


def status_of_lent(found: os.stat_result) -> os.stat_result:
    """Return what `os.stat` says of the file whose descriptor's status is `found`; that, when it is none of ours."""
    file = _lent.get((found.st_dev, found.st_ino), _nobody)()
    return found if file is None else file.status()


def note_lent(number: int, file: "File") -> None:
    """Remember which file of ours it is that the kernel keeps below a descriptor."""
    found = _fstat(number)  # type: ignore[misc]
    _lent[found.st_dev, found.st_ino] = ref(file)


def open_again(number: int, flags: int) -> int:
    """Open what a descriptor stands for once more: by way of /proc it has a place of its own, and its own flags."""
    return _open(f"/proc/self/fd/{number}", flags | os.O_CLOEXEC)  # type: ignore[misc,no-any-return]


def _nobody() -> None:
    """Stand for a reference to nothing."""


class Content:
    """The content of a file. Offsets and sizes are in bytes."""

    live = False
    """Whether something else than the file changes it: whoever reads by the kernel reads what it is at that moment."""

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


class View(Content):
    """Content that lies in the archive, uncopied. Nothing writes to it: the archive's files are opened for reading."""

    def __init__(self, content: memoryview) -> None:
        self._content = content

    def size(self) -> int:
        """Return how much there is."""
        return len(self._content)

    def read(self, at: int, size: int) -> bytes:
        """Return what is there, less at the end."""
        return bytes(self._content[at : at + size])


class Memory(Content):
    """Content in this process."""

    def __init__(self, content: bytes = b"") -> None:
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


class Memfd(Content):
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

    def set_times(self, accessed: int, modified: int) -> None:
        """Let the kernel say the same of the file: whoever has a descriptor asks the kernel, and changes it there."""
        _utime(self.number, ns=(accessed, modified))  # type: ignore[misc]

    def set_mode(self, mode: int) -> None:
        """Do the same for permissions."""
        try:  # noqa: SIM105 - contextlib would be imported for it
            _fchmod(self.number, mode & 0o7777)  # type: ignore[misc]
        except OSError:  # a sandbox may forbid it
            pass


class Inode:
    """A file or a folder."""

    _count = 0

    def __init__(self, mode: int) -> None:
        """Take kind and permissions, as `st_mode` has them."""
        Inode._count += 1
        self.number = Inode._count
        self.mode = mode
        self.accessed = self.modified = time_ns()

    def status(self) -> os.stat_result:
        """Return what `os.stat` returns."""
        return stat_result(self.mode, self.number, 0, self.modified, accessed=self.accessed)

    def set_times(self, accessed: int, modified: int) -> None:
        """Set the times, in nanoseconds."""
        self.accessed, self.modified = accessed, modified

    def set_mode(self, mode: int) -> None:
        """Set the permissions."""
        self.mode = self.mode & ~0o7777 | mode & 0o7777


class Directory(Inode):
    """A folder."""

    def __init__(self, mode: int = 0o777) -> None:
        super().__init__(_FOLDER | mode & 0o7777 & ~_UMASK)
        self.children: dict[str, Inode] = {}


class File(Inode):
    """A file, which lives as long as somebody has it open, also without a name."""

    def __init__(self, mode: int = 0o666, content: "Content | None" = None) -> None:
        super().__init__(_FILE | mode & 0o7777 & ~_UMASK)
        self.content: Content = Memory() if content is None else content

    def status(self) -> os.stat_result:
        """Return what `os.stat` returns."""
        if isinstance(self.content, Memfd):
            found = _fstat(self.content.number)  # type: ignore[misc]
            return stat_result(found.st_mode, self.number, found.st_size, found.st_mtime_ns, accessed=found.st_atime_ns)
        return stat_result(self.mode, self.number, self.content.size(), self.modified, accessed=self.accessed)

    def set_times(self, accessed: int, modified: int) -> None:
        """Set the times, in nanoseconds; with the kernel, too, where it keeps the file."""
        super().set_times(accessed, modified)
        if isinstance(self.content, Memfd):
            self.content.set_times(accessed, modified)

    def set_mode(self, mode: int) -> None:
        """Set the permissions, as above."""
        super().set_mode(mode)
        if isinstance(self.content, Memfd):
            self.content.set_mode(mode)


class OpenFile:
    """A file that is open: where it is being read or written (an *open file description*)."""

    lent = True
    """Whether `os.open` gives out the kernel's descriptor of it."""

    def __init__(self, file: File, flags: int, name: "Path") -> None:
        """Take the flags of `os.open`, and the path by which it was opened."""
        self.file = file
        self.flags = flags
        self.name = name
        self.at = 0

    @property
    def itself(self) -> "OpenFile":
        """The file; of what stands for the body of the call until somebody asks, that (see `hold_body`)."""
        return self

    @property
    def readable(self) -> bool:
        """Whether it may be read."""
        return self.flags & _ACCESS != os.O_WRONLY

    @property
    def writable(self) -> bool:
        """Whether it may be written."""
        return self.flags & _ACCESS != os.O_RDONLY

    @property
    def seekable(self) -> bool:
        """Whether it has a place to go to."""
        return True

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

    def status(self) -> os.stat_result:
        """Return what `os.fstat` returns."""
        return self.file.status()

    def touch(self) -> None:
        """Remember that the file was changed now."""
        self.file.modified = time_ns()

    def descriptor(self) -> int:
        """Return a new descriptor of the kernel's for the same file, at the same place. Raises `OSError`."""
        content = self.file.content
        if not isinstance(content, Memfd):
            live = content.live
            content = Memfd(content.read(0, content.size()))
            if self.writable or not live:
                self.file.content = content
                self.file.set_mode(self.file.mode)
                self.file.set_times(self.file.accessed, self.file.modified)
        note_lent(content.number, self.file)
        number = open_again(content.number, self.flags & ~_WITHOUT_A_NAME)
        _lseek(number, self.at, 0)  # type: ignore[misc]
        return number
