"""From the archive's bytes to the running entry point. Loaded by `__main__.py`, without an importer."""

import builtins
import gc
import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, ModuleType, TracebackType
    from typing import Any, NoReturn

    from .index import Index

PATCHED = ("py_compile", "shutil", "sqlite3", "ssl", "sysconfig")
"""The modules that stdlib_patches.py changes."""
PATCHED_WHEN_CLOSED = (
    "anyio._backends._asyncio", "asgiref.current_thread_executor", "asgiref.sync", "asyncio.base_events",
    "concurrent.futures.thread", "grp", "multiprocess.pool", "multiprocessing.pool", "pwd", "subprocess",
    "threading", "trio._core._thread_cache",
)  # fmt: skip
"""Those that it changes as well in a program that is started from memory, as on os402."""
OF_SITE = ("copyright", "credits", "exit", "help", "license", "quit")
"""What `site` adds to the builtins."""
PREPARED = ("re", "re._compiler", "re._parser")
"""Those that use what the build has prepared (prepared.py)."""
PATTERNS = "_os402/patterns"
"""Where that is in the archive."""
_NEVER = 10_000_000
"""How many new objects there are when collection begins, as long as the entry point is imported; 700 is usual."""
_LINE = 16
"""Of `__main__.py`: the one that calls `start`."""
_SETTINGS = b"\nSETTINGS = "
"""What the line of `__main__.py` with the settings begins with."""
_FIRST = b"PK\3\4\0\0\0\0\13\0\0\0__main__.py"
"""Of the local header of `__main__.py`: signature, no flags, stored, size of its name, no extra field, its name."""
WEB = ("asgi", "wsgi")
"""The interfaces that share `interfaces/_cgi.py`."""
CALLER_KEY = ("HTTP_X_402_KEY", "HTTP_X_PAYMENT")
"""Where os402 puts the private key of whoever calls, and the payment that it signed."""

streams: "Any" = None
"""streams.py, once it has been prepared."""
own: "Any" = None
"""What imports a module of the launcher by its full name (own.py)."""
launched_from: "ModuleType | None" = None
"""The `__main__` we were started from. Its namespace must outlive us: it is still running."""


def start(
    data: bytes,
    path: "str | None",
    *,
    entry_point: str = "",
    lazy_imports: "tuple[str, ...]" = (),
    interface: str = "script",
    caller_key: bool = False,
    finalize: bool = False,
    **settings: "Any",
) -> "NoReturn":
    """Install the importer, set up the streams and run the entry point. Ends with `SystemExit`, or its exception.

    `data` are the archive's bytes, `path` is where it lies on disk, if it does. `entry_point` is `"module:callable"` or
    `"module"`. `lazy_imports`: the modules to load on first use. `interface`: what the entry point is. Unless it is a
    script, the module of that name in `interfaces` runs it: `run(target, **settings)`, whose result is the exit code.
    `caller_key`: whether the caller's private key stays in the environment. `finalize`: whether the interpreter
    finalizes at the end.
    """
    if not caller_key:
        _forget(CALLER_KEY)

    global own, streams  # noqa: PLW0603 - one process, one start
    names = vars(builtins).copy()

    def module(name: str) -> "Any":
        made: Any = type(sys)("_os402." + name)
        sys.modules["_os402." + name] = made
        made.__package__ = ("_os402." + name).rpartition(".")[0]
        made.__builtins__ = names
        exec(_load(data, name), vars(made))  # noqa: S102 - what importing is
        return made

    index = module("index").Index(data)
    closed = path is None and os.name == "posix"
    patches = module("vfs.patches")
    files = patches.VirtualFiles(index, closed=closed)

    def patch(spec: "Any") -> "Any":
        return _changed(spec, index, files)

    changed = frozenset((*PATCHED, *PATCHED_WHEN_CLOSED) if closed else PATCHED)
    module("importer").install(index, path, lazy_imports, changed.union(PREPARED), patch, files.path_hook)
    streams = module("streams")
    own = _own_imports(module, index, names)
    patches.install(files)
    names["open"] = builtins.open
    if closed:
        os.environ.setdefault("HOME", "/tmp")  # noqa: S108 - in memory
    for known in changed & sys.modules.keys():  # Python's start, or a launcher, has imported them already
        _patch(sys.modules[known], files)
    _answer(index)
    if (body := streams.prepare()) is not None and closed:
        files.hold_body(body)
    streams.finalize = finalize
    if sys.flags.no_site:
        for name in OF_SITE:
            vars(builtins)[name] = _OfSite(name)
    streams.hook = sys.excepthook = sys.__excepthook__ = _excepthook  # a hook of the program's may call the latter
    _run(index, entry_point, interface, module, settings)


def _own_imports(
    module: "Callable[[str], Any]", index: "Index", names: "dict[str, Any]"
) -> "Callable[[str], ModuleType]":
    """Have own.py do all further imports of the launcher's modules, once there is one. Return what imports one.

    `module` loads a module of the launcher, `names` are their builtins.
    """
    real = names["__import__"]

    def imports() -> "Any":
        if names["__import__"] is first:
            names["__import__"] = real
            module("own").OwnImports(index, names)
        return names["__import__"].__self__

    def first(*details: "Any") -> "Any":
        return imports().bring(*details)

    names["__import__"] = first
    return lambda full: imports().load(full)


def _run(
    index: "Index",
    entry_point: str,
    interface: str,
    module: "Callable[[str], Any]",
    settings: "dict[str, Any]",
) -> "NoReturn":
    """Run the entry point, by the interface that it is for. `module` loads a module of the launcher."""
    name, _, attributes = entry_point.partition(":")
    if interface == "script" and attributes:
        _call(index, name, attributes)
    if interface == "script":
        own("_os402.entry").run_module(name, import_module=_import, new_main=_new_main, run=exec)
    if interface in WEB:
        module("interfaces._cgi")
    _import("interfaces." + interface, module)
    adapter: Any = sys.modules["_os402.interfaces." + interface]
    if hasattr(adapter, "prepare"):
        adapter.prepare()  # before the program is imported
    sys.exit(adapter.run(_target(index, name, attributes) if name else None, **settings))


def _changed(spec: "Any", index: "Index", files: "Any") -> "Any":
    """Return a spec that makes its module another one when it is executed."""
    if spec is not None and spec.name in PREPARED:
        if not index.is_file(PATTERNS):
            return spec
        return own("_os402.prepared").answering(spec, index)
    return own("_os402.stdlib_patches").patched(spec, files)


def _answer(index: "Index") -> None:
    """Let an `re` that is there already use what the build has prepared."""
    if "re" in sys.modules and index.is_file(PATTERNS):
        own("_os402.prepared").answer(sys.modules["re"], index)


def _patch(module: "Any", files: "Any") -> None:
    """Change a module that is there already; `pwd` once it is asked.

    Without a HOME, Python's start imports `pwd`, and few programs ask it.
    """
    if module.__name__ != "pwd":
        own("_os402.stdlib_patches").patch(module, files)
        return

    def asking(name: str) -> "Any":
        def function(*args: "Any") -> "Any":
            own("_os402.stdlib_patches").patch(module, files)  # which replaces this function
            return getattr(module, name)(*args)

        return function

    vars(module).update({name: asking(name) for name in ("getpwall", "getpwnam", "getpwuid")})


class _OfSite:
    """One of `OF_SITE`, which `site` puts in its place once somebody uses it."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, attribute: str) -> "Any":
        import site  # noqa: PLC0415 - it takes as long as all this launcher

        site.setquit()
        site.setcopyright()
        site.sethelper()
        return getattr(getattr(builtins, self._name), attribute)

    def __call__(self, *args: "Any", **kwargs: "Any") -> "Any":
        return self.__getattr__("__call__")(*args, **kwargs)

    def __repr__(self) -> str:
        return self.__getattr__("__repr__")()  # type: ignore[no-any-return]


def _forget(names: "tuple[str, ...]") -> None:
    """Remove variables from the environment: Python's, the one it was made of, and that of C."""
    for name in names:
        if name in os.environ:
            del os.environ[name]  # os.environb shares its memory, and unsetenv(3) is called
            original: dict[Any, str] = sys.modules[os.name].environ
            for key in (name, name.encode()):  # text on Windows
                original.pop(key, None)


def _load(data: bytes, name: str) -> "CodeType":
    """Return the code of a module of the launcher, found by its local header (APPNOTE 4.3.7), not by the index.

    Only what is used is compared with its checksum: the bytecode when it is this Python's, else the source.
    """
    file = f"_os402/{name.replace('.', '/')}.py"
    header = data.find(b"\0\0" + file.encode()) - 28  # behind the length of an extra field, which is 0
    if header < 0 or data[header : header + 4] != b"PK\3\4":  # the zip's directory has the name, too
        raise _damaged(f"{file} is missing")
    after = header + 30 + len(file) + int.from_bytes(data[header + 18 : header + 22], "little")
    start = after + 31 + len(file)
    if data[after + 30 : start] == file.encode() + b"c" and data[start : start + 4] == MAGIC_NUMBER:
        return loads(_member(data, after, file + "c")[16:])  # type: ignore[no-any-return]  # noqa: S302 - as trustworthy as the source
    return compile(_member(data, header, file), f"/os402/app/{file}", "exec", dont_inherit=True)


def _member(data: bytes, header: int, file: str) -> bytes:
    """Return the content of a member, by the place of its local header."""
    start = header + 30 + len(file)
    content = data[start : start + int.from_bytes(data[header + 18 : header + 22], "little")]
    if data[header + 8]:  # deflated, as sources are
        from zlib import decompress, error  # noqa: PLC0415 - no start from bytecode needs it

        try:
            content = decompress(content, -15)
        except error:
            raise _damaged(f"{file} cannot be unpacked") from None
    if crc32(content) != int.from_bytes(data[header + 14 : header + 18], "little"):
        raise _damaged(f"{file} has another checksum")
    return content


def _damaged(why: str) -> SystemExit:
    print("os402: damaged archive:", why, file=sys.stderr)  # noqa: T201 - nobody else could say it
    return SystemExit(70)


def _call(index: "Index", name: str, attributes: str) -> "NoReturn":
    """Run a function as the script that pip would install for it does."""
    target = _target(index, name, attributes)
    # Warnings of `main` name its caller, as do frames: the script, which is `__main__.py` here.
    code = _script.__code__.replace(co_filename=sys.argv[0], co_name="<module>", co_firstlineno=_LINE - 1)
    function: Any = type(_script)
    sys.exit(function(code, vars(sys.modules["__main__"]))(target))


def _script(target: "Any") -> "Any":
    return target()


def _target(index: "Index", name: str, attributes: str) -> "Any":
    """Return what an entry point names, imported under a `__main__` as that of an installed script."""
    loader = sys.modules["_os402.importer"].ArchiveLoader(index, "__main__", "__main__")
    main = _new_main()
    main.__file__ = sys.argv[0] = loader.path
    main.__loader__ = loader
    _import(name)
    target: Any = sys.modules[name]
    for attribute in attributes.split(".") if attributes else ():
        target = getattr(target, attribute)
    return target


def _import(name: str, load: "Callable[[str], Any]" = __import__) -> None:
    """Import a module, by `load`, and leave what that made out of garbage collection: it stays until the end.

    To look through it again and again, once more at the very end, would cost as much as a fifth of a start. What the
    module says of collection counts: it may disable it, or set another threshold.
    """
    usual = gc.get_threshold()
    never = (_NEVER, *usual[1:])
    gc.set_threshold(*never)
    try:
        load(name)
    finally:
        gc.freeze()
        if gc.get_threshold() == never:
            gc.set_threshold(*usual)


def _new_main() -> "ModuleType":
    global launched_from  # noqa: PLW0603 - one process, one program
    launched_from = sys.modules["__main__"]
    main: Any = type(sys)("__main__")
    sys.modules["__main__"] = main
    main.__builtins__ = builtins  # C code imports by way of them
    main.__cached__ = None
    return main  # type: ignore[no-any-return]


def _excepthook(kind: "type[BaseException]", error: BaseException, trace: "TracebackType | None") -> None:
    """Print an uncaught exception. The interpreter's own hook could not read lines from the archive."""
    own("_os402.excepthook").handle(kind, error, trace, globals())


def _settings(data: bytes, size: int) -> "dict[str, Any] | None":
    """Return what `__main__.py` says in its line of settings, `None` when the frame is damaged.

    `size`: how many bytes the frame promised.
    """
    main = data[41 : 41 + int.from_bytes(data[18:22], "little")]
    _, found, rest = main.partition(_SETTINGS)
    if (
        len(data) < size
        or data[:4] + data[6:10] + data[26:41] != _FIRST
        or crc32(main) != int.from_bytes(data[14:18], "little")
        or not found
    ):
        return None
    return eval(rest.partition(b"\n")[0])  # type: ignore[no-any-return]  # noqa: S307 - as trustworthy as the program


if __name__ == "__main__":  # the bootstrap runs this in its own namespace, in place of `__main__.py`
    __package__ = "_os402"
    known = globals()
    settings = _settings(known["zb"], known["n"])
    if settings is None:
        exec(known["d"])  # noqa: S102 - the bootstrap's own text, which says what is wrong
    else:
        try:
            start(known["zb"], None, **settings)
        except BaseException as problem:
            if streams is not None:
                streams.note_end(problem)
            raise
