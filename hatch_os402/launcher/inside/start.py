"""From the archive's bytes to the running entry point. Loaded by `__main__.py`, without an importer."""

import gc
import os
import sys
from _frozen_importlib_external import MAGIC_NUMBER
from marshal import loads
from zlib import crc32

TYPE_CHECKING = False
if TYPE_CHECKING:
    from _frozen_importlib import ModuleSpec
    from types import CodeType, ModuleType, TracebackType
    from typing import Any, NoReturn

    from .index import Index

TAUGHT = ("shutil", "sqlite3", "ssl")
"""The modules of the standard library that teaching.py has something to tell."""

CALLER_KEY = ("HTTP_X_402_KEY", "HTTP_X_PAYMENT")
"""Where os402 puts the private key of whoever calls, and the payment that it signed."""

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
    **settings: "Any",
) -> "NoReturn":
    """Install the importer, set up the streams and run the entry point. Ends with `SystemExit`, or its exception.

    `data` are the archive's bytes, `path` is where it lies on disk, if it does. `entry_point` is `"module:callable"` or
    `"module"`. `lazy_imports`: the modules to load on first use. `interface`: what the entry point is. Unless it is a
    script, the module of that name in `interfaces` runs it: `run(target, **settings)`, whose result is the exit code.
    `caller_key`: whether the caller's private key stays in the environment.
    """
    if not caller_key:
        _forget(CALLER_KEY)

    def module(name: str) -> "Any":
        made = sys.modules["_os402." + name] = type(sys)("_os402." + name)
        made.__package__ = "_os402"
        exec(_load(data, name), vars(made))  # noqa: S102 - what importing is
        return made

    index = module("index").Index(data)
    finder = module("importer").install(index, path, lazy_imports)
    module("patching").install(index, closed=path is None and os.name == "posix")
    finder.lessons.update(TAUGHT)
    for name in finder.lessons & sys.modules.keys():  # a launcher has imported them already
        from .teaching import LESSONS  # noqa: PLC0415 - needed only then

        LESSONS[name](sys.modules[name])
    module("streams").prepare()
    sys.excepthook = _excepthook
    name, _, attributes = entry_point.partition(":")
    if interface != "script":
        _serve(index, interface, name, attributes, settings)
    elif attributes:
        _call(index, name, attributes)
    else:
        _run(name)


def _forget(names: "tuple[str, ...]") -> None:
    """Remove variables from the environment: Python's, the one it was made of, and that of C."""
    for name in names:
        if name in os.environ:
            del os.environ[name]  # os.environb shares its memory, and unsetenv(3) is called
            original: dict[Any, str] = sys.modules[os.name].environ
            for key in (name, name.encode()):  # text on Windows
                original.pop(key, None)


def _load(data: bytes, name: str) -> "CodeType":
    """Return the code of a module of the launcher, found by its local header (APPNOTE 4.3.7), not by the index."""
    file = f"_os402/{name}.py"
    header = data.find(b"\0\0" + file.encode()) - 28  # behind the length of an extra field, which is 0
    if header < 0:
        raise _damaged(f"{file} is missing")
    source, after = _member(data, header, file)
    if data[after + 30 : after + 31 + len(file)] == file.encode() + b"c":  # bytecode comes right behind its source
        bytecode, _ = _member(data, after, file + "c")
        if bytecode[:4] == MAGIC_NUMBER:
            return loads(bytecode[16:])  # type: ignore[no-any-return]  # noqa: S302 - as trustworthy as the source
    return compile(source, f"/os402/app/{file}", "exec", dont_inherit=True)


def _member(data: bytes, header: int, file: str) -> "tuple[bytes, int]":
    """Return the content of a member, and where the next one begins."""
    start = header + 30 + len(file)
    after = start + int.from_bytes(data[header + 18 : header + 22], "little")
    content = data[start:after]
    if crc32(content) != int.from_bytes(data[header + 14 : header + 18], "little"):
        raise _damaged(f"{file} has another checksum")
    return content, after


def _damaged(why: str) -> SystemExit:
    print("os402: damaged archive:", why, file=sys.stderr)  # noqa: T201 - nobody else could say it
    return SystemExit(70)


def _call(index: "Index", name: str, attributes: str) -> "NoReturn":
    """Run a function as the script that pip would install for it does."""
    sys.exit(_target(index, name, attributes)())


def _serve(index: "Index", interface: str, name: str, attributes: str, settings: "dict[str, Any]") -> "NoReturn":
    """Run what an interface (WSGI, …) is for. Without an entry point the target is `None`."""
    _import("_os402.interfaces." + interface)
    module = sys.modules["_os402.interfaces." + interface]
    if hasattr(module, "prepare"):
        module.prepare()  # before the program is imported
    target = _target(index, name, attributes) if name else None
    sys.exit(module.run(target, **settings))


def _target(index: "Index", name: str, attributes: str) -> "Any":
    """Return what an entry point names, imported under a `__main__` as that of an installed script."""
    from .importer import ArchiveLoader  # noqa: PLC0415 - loaded by then

    loader = ArchiveLoader(index, "__main__", "__main__")
    main = _new_main()
    main.__file__ = sys.argv[0] = loader.path
    main.__loader__ = loader
    _import(name)
    target: Any = sys.modules[name]
    for attribute in attributes.split(".") if attributes else ():
        target = getattr(target, attribute)
    return target


def _run(name: str) -> "NoReturn":
    """Run a module as `python -m` does."""
    spec = _find_main(name)
    code: CodeType = spec.loader.get_code(spec.name)  # type: ignore[union-attr]  # a module has a loader
    main = _new_main()
    main.__spec__ = spec
    main.__loader__ = spec.loader
    main.__package__ = spec.parent
    main.__file__ = sys.argv[0] = spec.origin  # type: ignore[assignment]  # a module has one
    exec(code, main.__dict__)  # noqa: S102 - what running is
    sys.exit()


def _find_main(name: str) -> "ModuleSpec":
    """Return the spec of a module, or that of `__main__` in a package."""
    from _frozen_importlib import _find_spec  # type: ignore[attr-defined]  # noqa: PLC0415 - not listed by typeshed

    parent = name.rpartition(".")[0]
    search = None
    if parent:
        _import(parent)
        search = getattr(sys.modules[parent], "__path__", ())
    spec: ModuleSpec | None = _find_spec(name, search)
    if spec is None:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    if spec.submodule_search_locations is None:
        return spec
    return _find_main(name + ".__main__")


def _import(name: str) -> None:
    """Import a module, and leave what that made out of garbage collection: it stays until the end.

    To look through it again and again, once more at the very end, would cost as much as a fifth of a start.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        __import__(name)
    finally:
        gc.freeze()
        if enabled:
            gc.enable()


def _new_main() -> "ModuleType":
    global launched_from  # noqa: PLW0603 - one process, one program
    launched_from = sys.modules["__main__"]
    sys.modules["__main__"] = type(sys)("__main__")
    return sys.modules["__main__"]


def _excepthook(kind: "type[BaseException]", error: BaseException, trace: "TracebackType | None") -> None:
    """Print an uncaught exception. The interpreter's own hook could not read lines from the archive."""
    from .streams import has_no_reader  # noqa: PLC0415 - loaded by then

    if isinstance(error, BrokenPipeError) and has_no_reader(sys.stdout):
        return  # whoever asked has gone
    from contextlib import suppress  # noqa: PLC0415 - needed only when all is lost

    from .report import show  # noqa: PLC0415 - as above

    show(kind, error, trace, globals())
    if issubclass(kind, KeyboardInterrupt):
        # CPython ends as the signal asks when the text that it ran last ended so (pythonrun.c), and we have run others.
        with suppress(KeyboardInterrupt):
            eval("interrupt()", {"interrupt": _interrupt})  # noqa: S307 - a text of ours


def _interrupt() -> "NoReturn":
    raise KeyboardInterrupt
