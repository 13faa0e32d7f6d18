"""Pools of threads where no thread can start: they run each task in place, at once. Imported when one is.

After os402 has put a process into its namespaces, it can start no thread. Results, exceptions, order and context
variables are those that a pool with one thread gives. A task that waits for something that comes after it waits for
ever: whoever handed it in is waiting, too.
"""

import sys
from _contextvars import Context

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any

_CANNOT = "can't start new thread"
_waiting: "list[Any]" = []
"""The event loops that wait for a task to return."""


def _is_in_vain(problem: RuntimeError) -> bool:
    """Whether an error says that no thread can start."""
    return str(problem).startswith(_CANNOT)


def _in_place(task: "Callable[[], Any]") -> "Any":
    """Call a task as a thread would: there, no event loop is running."""
    events: Any = sys.modules.get("asyncio.events")
    loop = events and events._get_running_loop()  # noqa: SLF001 - the way asyncio's own C code is told, too
    if loop is None:
        return task()
    events._set_running_loop(None)  # noqa: SLF001 - as above
    _waiting.append(loop)
    try:
        return task()
    finally:
        _waiting.pop()
        events._set_running_loop(loop)  # noqa: SLF001 - as above


def patch_executor(thread: "Any") -> None:
    """Make the `ThreadPoolExecutor` of `concurrent.futures.thread` run tasks in place where no thread can start."""
    kind = thread.ThreadPoolExecutor
    real_adjust, real_submit = kind._adjust_thread_count, kind.submit  # noqa: SLF001 - no other way in

    def _adjust_thread_count(self: "Any") -> None:
        try:
            real_adjust(self)
        except RuntimeError as problem:
            if self._threads or not _is_in_vain(problem):
                raise
            self._worker_in_place = _Worker(self, thread)

    def submit(self: "Any", fn: "Callable[..., Any]", /, *args: "Any", **kwargs: "Any") -> "Any":
        future = real_submit(self, fn, *args, **kwargs)
        if worker := getattr(self, "_worker_in_place", None):
            worker.work()
        return future

    submit.__doc__ = real_submit.__doc__
    kind._adjust_thread_count, kind.submit = _adjust_thread_count, submit  # noqa: SLF001 - as above


def patch_asyncio(base_events: "Any") -> None:
    """Make event loops end without a thread to wait for the threads of an executor that has none."""
    kind = base_events.BaseEventLoop
    real = kind.shutdown_default_executor

    async def shutdown_default_executor(self: "Any", *args: "Any", **kwargs: "Any") -> None:
        executor = self._default_executor
        if not hasattr(executor, "_worker_in_place"):
            return await real(self, *args, **kwargs)  # type: ignore[no-any-return]
        self._executor_shutdown_called = True
        return executor.shutdown()  # type: ignore[no-any-return]

    kind.shutdown_default_executor = shutdown_default_executor


class _ContextOfThread:
    """The context variables that one thread would have. A task that hands in another gets a thread more."""

    def __init__(self) -> None:
        self._context = Context()
        self._busy = False

    def run(self, task: "Callable[[], Any]") -> "Any":
        """Call a task as in the thread."""
        nested, self._busy = self._busy, True
        try:
            return (Context() if nested else self._context).run(_in_place, task)
        finally:
            self._busy = nested


class _Worker:
    """What a thread of an executor does, done by whoever hands in a task."""

    def __init__(self, executor: "Any", thread: "Any") -> None:
        self._executor = executor
        self._thread = thread
        self._context = _ContextOfThread()
        self._ready = executor._initializer is None  # noqa: SLF001 - no other way in

    def work(self) -> None:
        """Run what is in the queue."""
        if not self._ready:
            self._initialise()
        while (item := self._next()) is not None:
            self._context.run(item.run)
            self._executor._idle_semaphore.release()  # noqa: SLF001 - as above

    def _next(self) -> "Any":
        try:
            return self._executor._work_queue.get_nowait()  # noqa: SLF001 - as above
        except self._thread.queue.Empty:
            return None

    def _initialise(self) -> None:
        self._ready = True
        executor = self._executor
        try:
            self._context.run(lambda: executor._initializer(*executor._initargs))  # noqa: SLF001 - as above
        except BaseException:
            self._thread._base.LOGGER.critical("Exception in initializer:", exc_info=True)  # noqa: SLF001 - as above
            executor._initializer_failed()  # noqa: SLF001 - as above


def patch_pool(pool: "Any") -> None:
    """Make the `ThreadPool` of `multiprocessing.pool` run tasks in place where no thread can start."""
    real = pool.ThreadPool.__init__

    def __init__(  # noqa: N807 - as it is called
        self: "Any", processes: "int | None" = None, initializer: "Any" = None, initargs: "tuple[Any, ...]" = ()
    ) -> None:
        try:
            real(self, processes, initializer, initargs)
        except (ImportError, OSError, RuntimeError):  # it makes locks for processes first, which need a file system
            if not cannot_start_threads(pool.threading):
                raise
            nothing = _NoThread()
            self._pool = [nothing]
            self._worker_handler = self._task_handler = self._result_handler = self._change_notifier = nothing
            self._taskqueue = _TasksInPlace(self)
            self._cache = {}
            self._terminate = lambda: None
            self._state = pool.RUN
            if initializer is not None:
                self._taskqueue.context.run(lambda: initializer(*initargs))

    pool.ThreadPool.__init__ = __init__


class _NoThread:
    """Stands for the threads of a pool, and for the queue by which they notify each other."""

    _state = exitcode = None

    def join(self) -> None:
        """Have nothing to wait for."""

    def put(self, item: "Any") -> None:
        """Have nobody to notify."""


class _TasksInPlace:
    """The queue of a pool's tasks, which runs what is put there."""

    def __init__(self, pool: "Any") -> None:
        self._pool = pool
        self.context = _ContextOfThread()

    def put(self, item: "Any") -> None:
        """Run tasks, as `Pool._handle_tasks` and `worker` do."""
        if item is None:  # the pool is closed
            return
        tasks, set_length = item
        number = -1
        for job, number, function, arguments, keywords in tasks:
            try:
                result = True, self.context.run(lambda: function(*arguments, **keywords))  # noqa: B023 - at once
            except Exception as problem:  # noqa: BLE001 - as the real one
                result = False, problem
            if job in self._pool._cache:  # noqa: SLF001 - no other way in
                self._pool._cache[job]._set(number, result)  # noqa: SLF001 - as above
        if set_length:
            set_length(number + 1)


def patch_anyio(backend: "Any") -> None:
    """Make anyio's worker threads (`to_thread.run_sync`) run their calls in place where no thread can start."""
    real = backend.WorkerThread.start

    def start(self: "Any") -> None:
        try:
            real(self)
        except RuntimeError as problem:
            if not _is_in_vain(problem):
                raise
            self.queue = _CallsInPlace(self, backend)

    backend.WorkerThread.start = start


class _CallsInPlace:
    """The queue of an anyio worker, which makes the calls that are put there."""

    def __init__(self, worker: "Any", backend: "ModuleType") -> None:
        self._worker = worker
        self._locals: Any = getattr(backend, "threadlocals", None)

    def put_nowait(self, item: "Any") -> None:
        """Make a call, as `WorkerThread.run` does."""
        if item is None:  # the worker is stopped
            return
        context, function, arguments, future, *scope = item
        result: Any = None
        problem: BaseException | None = None
        if not future.cancelled():
            outer = vars(self._locals).copy() if self._locals is not None else {}
            if scope:
                self._locals.current_cancel_scope = scope[0]
            try:
                result = _in_place(lambda: context.run(function, *arguments))
            except BaseException as raised:  # noqa: BLE001 - as the real one
                problem = raised
            finally:
                if self._locals is not None:
                    vars(self._locals).clear()
                    vars(self._locals).update(outer)
        self._worker._report_result(future, result, problem)  # noqa: SLF001 - no other way in


def patch_trio(cache: "Any") -> None:
    """Make trio's worker threads (`to_thread.run_sync`, its files) do their work in place where no thread can start."""
    real = cache.ThreadCache.start_thread_soon

    def start_thread_soon(self: "Any", fn: "Callable[[], Any]", deliver: "Any", name: "str | None" = None) -> None:
        try:
            real(self, fn, deliver, name)
        except RuntimeError as problem:
            if not _is_in_vain(problem):
                raise
            # A thread of its own would have none of these: there, trio is not running.
            known = [(sys.modules.get(module), attribute) for module, attribute in _OF_TRIO]
            held = [vars(getattr(module, attribute)) for module, attribute in known if module is not None]
            outer = [one.copy() for one in held]
            for one in held:
                one.clear()
            try:
                result = cache.outcome.capture(_in_place, fn)
            finally:
                for one, before in zip(held, outer, strict=True):
                    one.clear()
                    one.update(before)
            deliver(result)

    cache.ThreadCache.start_thread_soon = start_thread_soon


_OF_TRIO = (
    ("trio._core._run", "GLOBAL_RUN_CONTEXT"),
    ("trio._threads", "PARENT_TASK_DATA"),
    ("sniffio._impl", "thread_local"),
)
"""What trio keeps for each thread."""


def patch_asgiref(module: "Any") -> None:
    """Make asgiref's executor for the current thread take tasks from that thread, when it runs them in place."""
    real = module.CurrentThreadExecutor.submit

    def submit(self: "Any", fn: "Callable[..., Any]", /, *args: "Any", **kwargs: "Any") -> "Any":
        # The only thread is that of the executor: with others, the real one would be asked from one of them.
        if module.threading.current_thread() is not self._work_thread or not cannot_start_threads(module.threading):
            return real(self, fn, *args, **kwargs)
        future = module.Future()
        _in_place(module._WorkItem(future, fn, *args, **kwargs).run)  # noqa: SLF001 - no other way in
        return future

    module.CurrentThreadExecutor.submit = submit


def patch_async_to_sync(sync: "Any") -> None:
    """Make asgiref's `async_to_sync` start an event loop where the one that it would hand a coroutine to is waiting."""
    real = sync.AsyncToSync.__call__

    def __call__(self: "Any", *args: "Any", **kwargs: "Any") -> "Any":  # noqa: N807 - as it is called
        self.force_new_loop = self.force_new_loop or bool(_waiting)
        return real(self, *args, **kwargs)

    sync.AsyncToSync.__call__ = __call__


def cannot_start_threads(threading: "Any") -> bool:
    """Whether no thread can start, which is tried."""
    try:
        threading.Thread(target=int).start()
    except RuntimeError as problem:
        return _is_in_vain(problem)
    return False
