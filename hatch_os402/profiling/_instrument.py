"""The instrument: runs in the measured process, in front of the bootstrap, and reports on stderr at its end.

Its text is handed over in the argument of `-c`, so nothing of this package is there: standard library alone, and of
that only what every interpreter has loaded. It is given `STARTED` (the clock when the interpreter was ready),
`OPTIONS` (see `running.instrumented`) and `PROGRAM`, the namespace that the bootstrap runs in.

It sees imports where all of them pass: `_find_and_load` of the import system, which CPython's `import` statement calls
through the module (Python/import.c, `import_find_and_load`) for whatever is not in sys.modules. It sees the launcher's
own steps because the bootstrap and the launcher run their code by `exec`, which is looked up in their namespaces. It
knows the launcher's `start`, to which it gives more `lazy-imports`, and its `lazy`.
"""

from __future__ import annotations

import _frozen_importlib
import atexit
import gc
import os
import sys
from _thread import get_ident
from builtins import exec as run_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import CodeType, FrameType
    from typing import Any

CLOCK: Callable[[], int] = globals()["CLOCK"]
STARTED: int = globals()["STARTED"]
OPTIONS: dict[str, Any] = globals()["OPTIONS"]
PROGRAM: dict[str, Any] = globals()["PROGRAM"]

# A phase is [name, start, end], a node [name, start, end, where it is inside of]: the number of another node, or -1 and
# less for the phases. Times are in nanoseconds, an end is 0 while it runs.
_phases: list[list[Any]] = []
_nodes: list[list[Any]] = []
_stacks: dict[int, list[int]] = {}
"""Thread → the nodes that run in it, by number."""
_report_to = os.dup(2)
_write = os.write  # the launcher may put another one in its place
_process = os.getpid()
_find_and_load = _frozen_importlib._find_and_load  # type: ignore[attr-defined]  # noqa: SLF001 - see above
_used: dict[str, int] = {}
"""Module → bits: 1 it ran at import only, 2 it ran for the request."""
_callable: dict[str, bool] = {}
"""Module → whether its code holds any function."""
_read: dict[str, int] = {}
"""Module → bytes of code that were loaded for it."""
_patterns: dict[tuple[type, str | bytes, int], None] = {}
"""What `re` was asked for: kind, pattern, flags."""
_registered: list[bool] = []
_MOST_PATTERNS, _LONGEST_PATTERN = 5_000, 8_192


def _enter(name: str) -> list[Any]:
    """Begin the node `name` inside what runs in this thread."""
    stack = _stacks.setdefault(get_ident(), [])
    node = [name, 0, 0, stack[-1] if stack else -len(_phases)]
    stack.append(len(_nodes))
    _nodes.append(node)
    node[1] = CLOCK()
    return node


def _leave(node: list[Any]) -> None:
    node[2] = CLOCK()
    _stacks[get_ident()].pop()


def _collecting(what: str, about: dict[str, int]) -> None:
    """Note full garbage collections, which hit whatever happens to be imported then."""
    if about["generation"] == 2:  # noqa: PLR2004 - the oldest of three
        if what == "start":
            _enter("(garbage collection)")
        elif _importing() == "(garbage collection)":
            _leave(_nodes[_stacks[get_ident()][-1]])


def _importing() -> str | None:
    """Return the name of the module that this thread is importing."""
    stack = _stacks.get(get_ident())
    return _nodes[stack[-1]][0] if stack else None


def _phase(name: str) -> None:
    """End the phase that runs and begin another."""
    now = CLOCK()
    _phases[-1][2] = now
    _phases.append([name, now, 0])


def _measured_find_and_load(name: str, import_: Any) -> Any:
    if name in sys.modules:
        return _find_and_load(name, import_)
    entry = OPTIONS["entry"] or "?"
    begins = _phases[-1][0] not in ("entry", "request") and not _stacks.get(get_ident())
    begins = begins and (name == entry or entry.startswith(name + "."))
    if begins:
        _phase("entry")
    node = _enter(name)
    try:
        return _find_and_load(name, import_)
    finally:
        _leave(node)
        if name == "re" and OPTIONS["use"] and name in sys.modules:
            _watch_patterns(sys.modules[name])
        if begins:
            _phase("request")


def _measured_exec(code: Any, space: Any = None, names: Any = None, /, **more: Any) -> None:
    """Do what `exec` does, and note which of the start-up's steps it is."""
    caller = sys._getframe(1)  # noqa: SLF001 - as `exec` itself does
    if space is None:
        space, names = caller.f_globals, caller.f_locals
    if _phases[-1][0] == "frame":
        _phase("launcher" if OPTIONS["entry"] else "request")  # of a launcher that is not ours nothing is known
        if str(getattr(code, "co_filename", "")).endswith("/_os402/start.py"):
            # As `__main__.py` does it: in a namespace whose `start` can be replaced.
            fresh: dict[str, Any] = {"__name__": "_os402.start", "__package__": "_os402"}
            _measured_exec(code, fresh)
            settings = fresh["_settings"](space["zb"], space["n"])
            if settings is not None:
                fresh["start"](space["zb"], None, **settings)
            return
    elif str(space.get("__package__")).partition(".")[0] == "_os402":
        if _phases[-1][0].startswith("launcher"):  # a module that is needed later belongs to what needs it
            _phase("launcher." + str(space.get("__name__")).rpartition(".")[2])
        space.setdefault("exec", _measured_exec)  # it runs the program, if that is a module
    elif caller.f_globals.get("__package__") == "_os402" and _phases[-1][0] != "request":
        _phase("request")
    _run(code, space, names if names is not None else space, **more)
    _instrument_launcher(space)


def _instrument_launcher(space: dict[str, Any]) -> None:
    """Have the functions of the launcher's module whose namespace is `space` tell what they do."""
    name = space.get("__name__")
    if name == "_os402.streams":
        space["prepare"] = _then_report(space["prepare"])
    elif name == "_os402.own":
        _watch_own(space["OwnImports"])
    elif OPTIONS["lazy"] and name == "_os402.start":
        space["start"] = _lazily(space["start"])


def _note(frame: FrameType) -> bool:
    """Note whose code begins to run in `frame`; return whether all is known of that code."""
    name = frame.f_globals.get("__name__")
    if not isinstance(name, str):
        return True
    if frame.f_code.co_name == "<module>":
        _callable[name] = _has_functions(frame.f_code)
        return True
    importing = _stacks.get(get_ident())
    if importing and any(_nodes[number][0] == name for number in importing):
        return False  # a module that uses its own functions while it is imported
    in_request = not importing and _phases[-1][0] == "request"
    _used[name] = _used.get(name, 0) | (2 if in_request else 1)
    return in_request


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    """Note how much code is loaded for what is imported."""
    if event == "marshal.loads" and arguments[0][:1] in (b"c", b"\xe3"):  # code, and not a part of the index
        size = len(arguments[0]) + 16  # the header of a .pyc (PEP 552)
    elif event == "compile" and isinstance(arguments[0], (bytes, memoryview)):
        size = len(arguments[0])  # a file; what programs compile is mostly text or a tree
    else:
        return
    if (importing := _importing()) is not None:
        _read[importing] = _read.get(importing, 0) + size


def _watch_use() -> None:
    """Note which modules run code after they were imported, and what is read for each. This costs time."""
    sys.addaudithook(_audit)
    if not hasattr(sys, "monitoring"):  # before 3.12
        sys.setprofile(lambda frame, event, _: _note(frame) if event == "call" else None)
        return
    monitoring = sys.monitoring
    get_frame, disable = sys._getframe, monitoring.DISABLE  # noqa: SLF001 - no other way to a frame

    def started(_code: CodeType, _offset: int) -> Any:
        return disable if _note(get_frame(1)) else None

    monitoring.use_tool_id(monitoring.PROFILER_ID, "hatch-os402 profile")
    monitoring.register_callback(monitoring.PROFILER_ID, monitoring.events.PY_START, started)
    monitoring.set_events(monitoring.PROFILER_ID, monitoring.events.PY_START)


def _stop_watching() -> None:
    if hasattr(sys, "monitoring"):
        sys.monitoring.set_events(sys.monitoring.PROFILER_ID, 0)
    else:
        sys.setprofile(None)


def _watch_patterns(re: Any) -> None:
    """Note which patterns `re` is given: all its functions ask `_compile`."""
    compile_ = getattr(re, "_compile", None)
    if compile_ is None or hasattr(compile_, "hatch_os402"):
        return

    def noted(pattern: Any, flags: Any) -> Any:
        plain = type(pattern) in (str, bytes) and isinstance(flags, int)
        if plain and len(pattern) <= _LONGEST_PATTERN and len(_patterns) < _MOST_PATTERNS:
            _patterns[type(pattern), pattern, int(flags)] = None
        return compile_(pattern, flags)

    noted.hatch_os402 = True  # type: ignore[attr-defined]  # not to be put around itself
    re._compile = noted  # noqa: SLF001 - see above


def _has_functions(code: CodeType) -> bool:
    """Whether `code` holds functions; bodies of classes (which have no fast locals) are looked into."""
    inner = [constant for constant in code.co_consts if isinstance(constant, type(code))]
    return any(part.co_flags & 1 or _has_functions(part) for part in inner)


def _lazily(start: Callable[..., None]) -> Callable[..., None]:
    """Return the launcher's `start` with further `lazy-imports`: those of `OPTIONS["lazy"]`."""

    def started(data: bytes, path: str | None, *, lazy_imports: tuple[str, ...] = (), **settings: Any) -> None:
        start(data, path, lazy_imports=(*lazy_imports, *OPTIONS["lazy"]), **settings)

    return started


def _watch_own(imports: Any) -> None:
    """Learn of `_os402.lazy`: the launcher's modules are loaded by its class `imports`, not by the import system."""
    load = imports.load

    def watched(own: Any, full: str) -> Any:
        known = full in sys.modules
        found = load(own, full)
        if full == "_os402.lazy" and not known:
            _measure_loading(found)
        return found

    imports.load = watched


def _measure_loading(lazy: Any) -> None:
    """Make the loading of modules that were put off a node; it does not pass through the import system."""
    load = lazy._load  # noqa: SLF001 - as much ours as the launcher is

    def measured(module: Any) -> None:
        if not _is_deferred(module) or id(module) in lazy._loading:  # noqa: SLF001
            return
        node = _enter(module.__spec__.name)
        try:
            load(module)
        finally:
            _leave(node)

    lazy._load = measured  # noqa: SLF001


def _is_deferred(module: object) -> bool:
    """Whether the launcher has put off the loading of a module, and nobody has used it."""
    return type(module).__name__ == "_Deferred" and type(module).__module__ == "_os402.lazy"


def _origin(module: Any) -> str:
    """Return where a module came from; empty if it does not say."""
    try:
        return str(module.__spec__.origin or "")
    except Exception:  # noqa: BLE001 - anything can be in sys.modules
        return ""


def _run(*what: Any, **more: Any) -> None:
    """Do what `exec` does, and report at the end if the launcher does not come to that (see `_then_report`)."""
    if _phases[-1][0] == "request":
        _report_at_end()
    try:
        run_code(*what, **more)  # noqa: S102 - see above
    except BaseException:
        _report_at_end()
        raise


def _then_report(prepare: Callable[[], Any]) -> Callable[[], Any]:
    """Return the launcher's `prepare`, whose handler of the end must be the first: after it nothing is called."""

    def prepared() -> Any:
        done = prepare()
        _report_at_end()
        return done

    return prepared


def _report_at_end() -> None:
    if not _registered:
        _registered.append(True)
        atexit.register(_report)


def _report() -> None:
    """Write what was seen to where stderr was."""
    now = CLOCK()
    gc.callbacks.remove(_collecting)
    _frozen_importlib._find_and_load = _find_and_load  # type: ignore[attr-defined]  # noqa: SLF001 - as it was
    if os.getpid() != _process:
        return
    if OPTIONS["use"]:
        _stop_watching()
    _phases[-1][2] = now
    modules = list(sys.modules.items())
    seen = {
        "started": STARTED,
        "ready": _ready,
        "phases": _phases,
        "nodes": _nodes,
        "origins": {name: _origin(module) for name, module in modules},
        "unloaded": [name for name, module in modules if _is_deferred(module)],
        "used": _used,
        "callable": _callable,
        "read": _read,
        "patterns": [(pattern, flags) for _, pattern, flags in _patterns],
    }
    # `repr` needs no import, whose modules would have to be taken down as well at the end.
    text = ascii(seen).encode()
    text = b"\n%b %d %d\n%b" % (OPTIONS["mark"].encode(), len(text), CLOCK(), text)
    while text:
        text = text[_write(_report_to, text) :]


gc.callbacks.append(_collecting)
_frozen_importlib._find_and_load = _measured_find_and_load  # type: ignore[attr-defined]  # noqa: SLF001 - see above
PROGRAM["exec"] = _measured_exec
_phases.append(["frame", 0, 0])
if OPTIONS["use"]:
    _watch_use()
    if "re" in sys.modules:
        _watch_patterns(sys.modules["re"])
_ready = _phases[0][1] = CLOCK()
