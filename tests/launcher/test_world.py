"""What a program sees of the world: the same from a folder with a disk, from memory, and where there is no disk."""

from __future__ import annotations

import errno
import json
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
from support import launching
from support.buildproject import build, environment, write_project
from support.diskless import run_diskless
from support.watched import run_watched

HEAD = """
import sys, os, io, json, stat, pathlib
def kind(call, *arguments, **options):
    try: return repr(call(*arguments, **options))
    except BaseException as error: return [type(error).__name__, getattr(error, "errno", None) or str(error)]
def say(**facts): json.dump(facts, sys.stdout)
def main():
"""


def program(body, files=()):
    lines = "".join(f"    {line}\n" for line in body.strip().splitlines())
    return {**dict(files), "app.py": HEAD + lines}


def diskless(files, python=sys.executable, **variables):
    """Run an archive of these files where there is no disk, no network and no thread."""
    data = launching.archive(files, "app:main")
    answer = run_diskless(
        python, launching.launcher.ARGS[1:], launching.frame(data), {"CONTENT_LENGTH": "0", **variables}
    )
    return launching.Result(answer.returncode, answer.stdout, answer.stderr.decode())


def on_disk(files, tmp_path):
    return launching.in_folder({path: launching.as_bytes(content) for path, content in files.items()}, tmp_path)


def everywhere(files, tmp_path):
    """Return what a program says from a folder, having compared it with the others."""
    found = on_disk(files, tmp_path)
    assert launching.run(launching.archive(files, "app:main"), tmp_path).facts == found
    assert diskless(files).facts == found
    return found


DEVICES = """
def opened(path, mode, do, **options):
    with open(path, mode, **options) as file:
        return do(file)
def again():
    import tempfile
    with tempfile.TemporaryFile("w+") as file:
        file.write("abc"); file.flush()
        path = f"/proc/self/fd/{file.fileno()}"
        found = [open(path).read(), os.path.getsize(path), os.fstat(os.open(path, os.O_RDONLY)).st_size, file.tell()]
        with open(f"/dev/fd/{file.fileno()}", "r+") as other: found += [other.write("x"), other.flush(), file.seek(0), file.read()]
    number = os.open(__file__, os.O_RDONLY)
    return [*found, open(f"/dev/fd/{number}").read(6), os.read(number, 3).decode(), open(f"/proc/self/fd/{number}").read(6)]
number = os.open(os.devnull, os.O_RDWR)
facts = [os.path.samestat(os.fstat(number), os.stat(os.devnull)), os.fstat(number).st_rdev, os.write(number, b"abc"), os.read(number, 3), os.lseek(number, 5, 0), stat.S_ISCHR(os.fstat(number).st_mode)]
os.close(number)
say(
    facts=repr(facts), name=os.devnull, exists=[os.path.exists("/dev/" + n) for n in ("null", "zero", "full", "random", "urandom")],
    kinds=[[os.path.isfile(p), os.path.isdir(p), os.stat(p).st_rdev, os.access(p, os.W_OK), os.access(p, os.X_OK)]
           for p in ("/dev/null", "/dev/zero", "/dev/urandom")],
    null=[kind(opened, os.devnull, mode, lambda f: (f.write("x") if f.writable() else f.read(), f.seekable(), f.name, f.mode))
          for mode in ("r", "w", "a", "r+", "x")],
    zero=kind(opened, "/dev/zero", "rb", lambda f: (f.read(3), f.readinto(bytearray(5)), f.write)[:2]),
    random=[len(opened(p, "rb", lambda f: f.read(n))) for n, p in ((5, "/dev/random"), (20000, "/dev/urandom"))],
    full=[kind(opened, "/dev/full", "wb", lambda f: f.write(b"x"), buffering=0), kind(opened, "/dev/full", "rb", lambda f: f.read(2))],
    inside=[kind(open, "/dev/null/x"), kind(open, "/dev"), kind(os.mkdir, "/dev/null"), kind(os.listdir, "/dev/null")],
    path=[pathlib.Path(os.devnull).read_text(), pathlib.Path(os.devnull).write_text("abc"), pathlib.Path("/dev/null").exists()],
    fd=[os.path.exists("/proc/self/fd/1"), os.path.exists("/dev/fd/77"), stat.S_IFMT(os.stat("/dev/stdout").st_mode) == stat.S_IFMT(os.fstat(1).st_mode)],
    same=[opened(p, "rb+", lambda f: (os.path.samestat(os.fstat(f.fileno()), os.stat(p)), stat.S_ISCHR(os.fstat(f.fileno()).st_mode), f.fileno() > 2), buffering=0) for p in ("/dev/null",)],
    again=again(),
    std=[opened("/dev/stderr", "w", lambda f: f.name), opened("/dev/fd/2", "w", lambda f: f.name)],
)
"""


def test_devices(tmp_path):
    found = everywhere(program(DEVICES), tmp_path)
    assert found["null"][0] == "('', True, '/dev/null', 'r')"


def test_the_watch_of_the_tests_refuses_what_os402_refuses():
    code = "open('/dev/null').close()"
    with pytest.raises(AssertionError, match="/dev/null"):
        run_watched(sys.executable, ["-I"], code, b"", {})
    data = launching.archive({"app.py": f"def main():\n    {code}\n"}, "app:main")
    _, *options, _, bootstrap = launching.launcher.ARGS
    answer = run_watched(sys.executable, options, bootstrap, launching.frame(data), {"CONTENT_LENGTH": "0"})
    assert (answer.returncode, answer.stderr) == (0, b"")


def test_nothing_else_of_dev_and_proc():
    code = """
say(dev=os.listdir("/dev"), proc=[os.listdir(p) for p in ("/proc", "/proc/self")], fds=os.listdir("/proc/self/fd") == os.listdir("/dev/fd"),
    absent=[kind(os.stat, p) for p in ("/dev/tty", "/dev/shm", "/proc/cpuinfo", "/proc/1", "/proc/self/stat", "/proc/self/exe", "/dev/fd/999")],
    changed=[kind(os.remove, "/dev/null"), kind(os.mkdir, "/dev/x"), kind(os.rename, "/dev/null", "/tmp/x"), kind(open, "/dev/x", "w")],
    scanned=[entry.name for entry in os.scandir("/dev") if entry.is_dir()])
"""
    missing = ["FileNotFoundError", errno.ENOENT]
    assert diskless(program(code)).facts == {
        "dev": ["fd", "full", "null", "random", "stderr", "stdin", "stdout", "urandom", "zero"],
        "proc": [["self"], ["fd"]],
        "fds": True,
        "absent": [missing] * 7,
        "changed": [["OSError", errno.EROFS]] * 4,
        "scanned": ["fd"],
    }


def test_the_body_by_its_device(tmp_path):
    code = """
say(read=[open("/dev/stdin").read(4), open("/proc/self/fd/0", "rb").read(2).decode(), sys.stdin.read()], end=os.read(os.open("/dev/stdin", 0), 9).decode())
"""
    # Each file has read ahead: what it took is gone for the next, as with a pipe.
    answer = launching.run(launching.archive(program(code), "app:main"), tmp_path, body=b"the body")
    assert answer.facts == {"read": ["the ", "", ""], "end": ""}


WHO = """
import getpass, grp, pwd
pathlib.Path("/tmp/file").write_text("")
user, group = pwd.getpwuid(os.getuid()), grp.getgrgid(os.getgid())
say(home=[str(pathlib.Path.home()), os.path.expanduser("~/x"), user.pw_dir, os.environ["HOME"]], user=[getpass.getuser(), user.pw_name, group.gr_name],
    by_name=[pwd.getpwnam(user.pw_name) == user, grp.getgrnam(group.gr_name) == group, os.path.expanduser("~" + user.pw_name)],
    all=[pwd.getpwall() == [user], grp.getgrall() == [group]], other=[kind(pwd.getpwuid, 12), kind(pwd.getpwnam, "me"), kind(grp.getgrgid, 12)],
    owners=[[os.stat(path).st_uid == os.getuid(), os.stat(path).st_gid == os.getgid(), pathlib.Path(path).owner(), pathlib.Path(path).group()]
            for path in (__file__, "/tmp", "/tmp/file", "/dev/null")])
"""


def who(home):
    """Return what `WHO` says where there is a home and nobody else."""
    return {
        "home": [home, home + "/x", home, home],
        "user": ["os402"] * 3,
        "by_name": [True, True, home],
        "all": [True, True],
        "other": [
            ["KeyError", "'getpwuid(): uid not found: 12'"],
            ["KeyError", "\"getpwnam(): name not found: 'me'\""],
            ["KeyError", "'getgrgid(): gid not found: 12'"],
        ],
        "owners": [[True, True, "os402", "os402"]] * 4,
    }


@pytest.mark.parametrize("home", ["", "/tmp/of/mine"])
def test_a_home_and_a_user(home):
    answer = diskless(program(WHO), **({"HOME": home} if home else {})).facts
    assert answer == who(home or "/tmp")


LISTINGS = """
import glob, importlib.resources, pkgutil, shutil, plug
top = os.path.dirname(plug.__file__)
shutil.copytree(top, "COPY")
clean = lambda names: sorted(str(name) for name in names if name != "__pycache__")
say(listed=[clean(os.listdir(top)), clean(e.name for e in os.scandir(top)), clean(p.name for p in pathlib.Path(top).iterdir()),
            clean(os.path.basename(p) for p in glob.glob(top + "/*")), clean(p.name for p in importlib.resources.files("plug").iterdir()),
            clean(os.listdir("COPY"))],
    walked=[[clean(d), clean(f)] for p, d, f in sorted(os.walk(top)) if "__pycache__" not in p],
    modules=[[m.name, m.ispkg] for m in pkgutil.iter_modules([top])],
    walk=[m.name for m in pkgutil.walk_packages([top], "plug.")])
"""


def test_listings_without_the_bytecode_of_the_build(tmp_path):
    files = {
        "plug/__init__.py": "",
        "plug/one.py": "",
        "plug/sub/__init__.py": "",
        "plug/sub/two.py": "",
        "plug/x.txt": "",
    }
    copy = str(tmp_path / "copied")
    found = on_disk(program(LISTINGS.replace("COPY", copy), files), tmp_path)
    everything = program(LISTINGS.replace("COPY", "/tmp/copied"), files)
    more = "\n    assert open(top + '/one.pyc', 'rb').read(4) and os.path.isfile(top + '/one.pyc')\n"
    everything["app.py"] += more
    data = launching.archive(everything, "app:main", compiled_by=sys.executable)
    assert launching.run(data, tmp_path).facts == found
    assert found["listed"] == [["__init__.py", "one.py", "sub", "x.txt"]] * 6


HOOKS = """
import importlib, importlib.machinery as machinery, inspect, pkgutil  # inspect: 3.13 needs an extension for it
seen = []
class Upper(machinery.SourceFileLoader):
    def source_to_code(self, data, path, **options):
        seen.append(os.path.basename(path))
        return super().source_to_code(bytes(data).upper() if b"upper" in bytes(data) else data, path, **options)
class Text(machinery.SourceFileLoader):
    def source_to_code(self, data, path, **options):
        return super().source_to_code(b"text = %r" % bytes(data).decode(), path, **options)
finder = machinery.FileFinder(os.path.dirname(__file__) + "/plug", (machinery.SourceFileLoader, [".py"]))
facts = [finder.find_spec("one").origin, finder.find_spec("none"), finder.path, [m[0] for m in finder.iter_modules()] if hasattr(finder, "iter_modules") else 0]
import before
sys.path_hooks.insert(0, machinery.FileFinder.path_hook((Upper, [".py"]), (Text, [".txt"])))
sys.path_importer_cache.clear()
import plug.one, plug.note, space.two
def loaded(module): return [type(module.__loader__).__name__, module.__file__, module.__spec__.origin, sorted(n for n in vars(module) if n[0] != "_")]
facts += [loaded(plug), loaded(plug.one), loaded(plug.note), loaded(space.two), list(space.__path__), seen, plug.note.text]
facts += [[m.name for m in pkgutil.iter_modules(plug.__path__)], importlib.reload(plug.one).VALUE]
del sys.path_hooks[0]
where = [getattr(hook, "__name__", "") for hook in sys.path_hooks].index("path_hook_for_FileFinder")  # beartype puts its there
sys.path_hooks.insert(where, machinery.FileFinder.path_hook((Upper, [".py"])))
sys.path_importer_cache.clear()
import again.one
facts.append(loaded(again.one))
del sys.path_hooks[where]
machinery.SOURCE_SUFFIXES.append(".txt")
sys.path_importer_cache.clear()
try: import plug.other
except SyntaxError as error: facts.append([error.filename, error.lineno])
sys.path_importer_cache.clear()
machinery.SOURCE_SUFFIXES.remove(".txt")
import plug.last
facts.append(loaded(plug.last)[1:])
say(facts=facts)
"""


def test_path_hooks_and_suffixes(tmp_path):
    files = {
        "before.py": "",
        "plug/__init__.py": "",
        "plug/one.py": "value = 'upper'\n",
        "plug/note.txt": "a note",
        "again/one.py": "value = 'upper'\n",
        "plug/other.txt": "x = 1\nis no Python",
        "plug/last.py": "x = 1\n",
        "space/two.py": "",
    }
    everywhere(program(HOOKS, files), tmp_path)


FINDERS = """
import importlib.machinery as machinery, importlib.util, inspect, linecache, sqlite3, subprocess, tempfile
asked, top = [], os.path.dirname(__file__)
class Looks:  # as some do that look for files themselves, whatever they are asked for
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] not in sys.stdlib_module_names:
            asked.append(name)
        for entry in path or sys.path:
            place = os.path.join(entry, name.rpartition(".")[2] + ".txt")
            if os.path.isfile(place):
                with open(place) as file: file.read()
                return importlib.util.spec_from_file_location(name, place, loader=machinery.SourceFileLoader(name, place))
class Replaces(machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target)
        if spec is not None and name.startswith("replaced"): spec.submodule_search_locations, spec.origin = [top], "changed"
        return spec
class Before(machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return super().find_spec("plug.one", [top + "/plug"]) if name == "before" else None
looks = Looks()
sys.meta_path.insert(0, looks)
import noted, plug.one
facts = [noted.x, noted.__file__[len(top):], plug.one.x]
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.py")
    with open(path, "w") as file: file.write("x = 1")
    number = os.open(path, os.O_RDONLY); facts += [os.read(number, 9).decode(), len(os.listdir(folder)), len(linecache.getlines(plug.one.__file__))]; os.close(number)
    for name in ("/dev/null", folder): facts.append(os.stat(name).st_mode >> 12)
try: raise LookupError("shown")
except LookupError:
    import traceback; facts.append(traceback.format_exc().splitlines()[-1])
sys.meta_path.remove(looks)
place = sys.meta_path.index(machinery.PathFinder)
sys.meta_path[place] = Replaces
import replaced
facts += [replaced.__path__[0][len(top):], replaced.__spec__.origin, kind(__import__, "none")]
sys.meta_path[place] = machinery.PathFinder
sys.meta_path.insert(place, Before)
import before
facts += [before.__file__[len(top):], kind(__import__, "none_either")]
del sys.meta_path[place]
import plug.two
say(facts=facts, asked=asked)
"""


def test_finders_in_front_of_the_path_machinery(tmp_path):
    files = {
        "noted.txt": "x = 'by a finder'\n",
        "plug/__init__.py": "",
        "plug/one.py": "x = 1\n",
        "plug/two.py": "",
        "replaced.py": "",
    }
    found = everywhere(program(FINDERS, files), tmp_path)
    assert found["asked"] == ["noted", "plug", "plug.one"]


ZIPLIKE = """
import plug
say(attributes=[hasattr(plug.__loader__, name) for name in ("archive", "prefix", "_files", "find_module")][:3])
"""


def test_loaders_do_not_look_like_zipimporters(tmp_path):
    everywhere(program(ZIPLIKE, {"plug/__init__.py": ""}), tmp_path)


POOLS = """
import asyncio, contextvars, time
from concurrent.futures import Future, ThreadPoolExecutor, as_completed, wait
from multiprocessing.pool import ThreadPool
from multiprocessing.dummy import Pool
variable = contextvars.ContextVar("variable", default="none")
variable.set("of main")
def fails(): raise LookupError("why")
def leaves(): raise SystemExit(3)
def sets(value):
    before = variable.get(); variable.set(value); return before
facts = {}
with ThreadPoolExecutor(1, initializer=sets, initargs=("of the initializer",)) as pool:
    facts["context"] = [pool.submit(sets, n).result() for n in "abc"] + [variable.get()]
    facts["errors"] = [kind(pool.submit(call).result) for call in (fails, leaves)]
    facts["map"] = [list(pool.map(pow, [1, 2, 3], [3, 2, 1])), kind(lambda: list(pool.map(int, ["1", "x"])))]
    futures = [pool.submit(str, n) for n in range(4)]
    facts["wait"] = [len(wait(futures).done), sorted(f.result() for f in as_completed(futures)), [f.done() for f in futures]]
    called = []
    future = pool.submit(int, "7"); future.add_done_callback(lambda done: called.append(done.result()))
facts["called"] = called
facts["closed"] = kind(pool.submit, int)
with ThreadPoolExecutor(2) as pool:
    facts["nested"] = pool.submit(lambda: pool.submit(lambda: variable.get()).result()).result()
def broken():
    with ThreadPoolExecutor(1, initializer=fails) as pool:
        return pool.submit(int).result()
import logging; logging.disable()
facts["broken"] = kind(broken)
with ThreadPool(2, sets, ("x",)) as pool:
    got = []
    facts["pool"] = [pool.map(str, range(5)), pool.apply(max, (1, 2)), kind(pool.apply, fails), list(pool.imap(str, range(3), 2)), sorted(pool.imap_unordered(str, range(3))),
                     pool.starmap(pow, [(2, 3)]), pool.map_async(str, [1], callback=got.append).get(5), pool.apply_async(int, ("4",)).get(), kind(lambda: list(pool.imap(int, "1x")))]
    bad = pool.apply_async(fails); bad.wait(5)
    facts["async"] = [got, bad.ready(), bad.successful()]
pool = Pool(3); pool.close(); pool.join()
facts["after"] = kind(pool.map, str, [1])[0]
async def inner():
    await asyncio.sleep(0)
    return [variable.get(), await asyncio.to_thread(lambda: "deep")]
async def outer():
    variable.set("of outer")
    loop = asyncio.get_running_loop()
    def running():
        try: return bool(asyncio.get_running_loop())
        except RuntimeError: return False
    async def failing():
        try: await asyncio.to_thread(fails)
        except LookupError as error: return str(error)
    return [await asyncio.to_thread(variable.get), await asyncio.to_thread(sets, "of a thread"), variable.get(), await failing(), await asyncio.to_thread(running),
            await loop.run_in_executor(None, lambda: asyncio.run(inner())), await asyncio.gather(*(asyncio.to_thread(str, n) for n in range(5)))]
facts["asyncio"] = asyncio.run(outer())
say(**facts)
"""


def test_pools_of_threads(tmp_path):
    """On a disk with threads; without any they must not be missed."""
    found = everywhere(program(POOLS), tmp_path)
    assert found["context"] == ["of the initializer", "a", "b", "of main"]
    assert found["asyncio"][-2:] == [["none", "deep"], ["0", "1", "2", "3", "4"]]


def test_a_thread_says_why_it_cannot_start():
    code = "import threading; say(why=kind(threading.Thread(target=print).start), alive=threading.active_count())"
    assert diskless(program(code)).facts == {
        "why": [
            "RuntimeError",
            "can't start new thread: on os402 a program runs in one thread, and only pools can do without",
        ],
        "alive": 1,
    }


PROGRAMS = """
import shutil, subprocess, tempfile
nothing, folder = "no-such-program", tempfile.mkdtemp() + "/d"; os.mkdir(folder)
script = os.path.join(folder, "script")
with open(script, "w") as file: file.write("#!/nowhere")
def named(call, *arguments, **options):
    try: call(*arguments, **options)
    except OSError as error: return [type(error).__name__, error.errno, os.path.basename(os.fsdecode(error.filename))]
    except Exception as error: return [type(error).__name__, str(error)]
facts = [named(subprocess.run, [nothing]), named(subprocess.run, [nothing], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL), named(subprocess.check_output, nothing.encode()),
    named(subprocess.Popen, (nothing, "x"), stdin=subprocess.PIPE, stdout=subprocess.PIPE), named(subprocess.run, [pathlib.Path("/no/such/place")]),
    named(subprocess.run, [nothing], executable="/no/such"), named(subprocess.run, [nothing], cwd=folder + "/none"), named(subprocess.run, [nothing], cwd=script),
    named(subprocess.run, [nothing], env={"PATH": folder}), named(subprocess.run, ["script"], env={"PATH": "/none:" + folder}), named(subprocess.run, [script]), named(subprocess.run, [folder]),
    named(subprocess.run, []), named(subprocess.run, [3]), named(subprocess.run, pathlib.Path(nothing)), shutil.which(nothing)]
open_now = sum(os.path.exists(f"/proc/self/fd/{n}") for n in range(256))
for _ in range(5): named(subprocess.run, [nothing], stdout=subprocess.DEVNULL, stdin=subprocess.PIPE)
facts.append(sum(os.path.exists(f"/proc/self/fd/{n}") for n in range(256)) - open_now)
child = "import os, sys; os.write(1, b'lost'); sys.exit(5 if not os.read(0, 9) else 6)"
facts.append(subprocess.run([sys.executable, "-I", "-S", "-c", child], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode)
say(facts=facts)
"""


def test_programs_that_there_are_not(tmp_path):
    """What a library does without when it is not installed; the runtime itself can be started, once."""
    found = everywhere(program(PROGRAMS), tmp_path)
    assert found["facts"][0] == found["facts"][1] == ["FileNotFoundError", errno.ENOENT, "no-such-program"]
    shell = "import subprocess; say(shell=[kind(subprocess.run, 'ls', shell=True), kind(os.popen, 'ls')])"
    assert diskless(program(shell)).facts == {"shell": [["FileNotFoundError", errno.ENOENT]] * 2}


CALLER = """
import warnings
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    warnings.warn("careful", stacklevel=2)
frame = sys._getframe(1)
say(file=os.path.basename(caught[0].filename), name=frame.f_globals["__name__"], code=frame.f_code.co_name, registry="__warningregistry__" in frame.f_globals)
"""


def test_main_is_called_as_by_a_script(tmp_path):
    files = {path: launching.as_bytes(content) for path, content in program(CALLER).items()}
    (tmp_path / "__main__.py").write_text(
        f"import sys; sys.path[0] = {str(tmp_path / 'folder')!r}\nfrom app import main\nsys.exit(main())\n"
    )
    run = f"import runpy; sys.argv[0] = {str(tmp_path / '__main__.py')!r}; exec(compile(open(sys.argv[0]).read(), sys.argv[0], 'exec'), vars(sys.modules['__main__']))"
    found = launching.in_folder(files, tmp_path, run)
    assert launching.run(launching.archive(files, "app:main"), tmp_path).facts == found
    assert found == {"file": "__main__.py", "name": "__main__", "code": "<module>", "registry": True}


PATHS = """
import os.path, py_compile, sysconfig, tempfile
top = os.path.dirname(__file__)
folder = tempfile.mkdtemp()
with io.FileIO(__file__) as file: facts = [file.read(8), file.name == __file__, file.mode, isinstance(file, io.FileIO), isinstance(open(__file__, "rb", 0), io.FileIO)]
with io.FileIO(folder + "/new", "w") as file: facts += [file.write(b"abc"), file.mode]
facts += [kind(io.FileIO, folder + "/none"), kind(io.FileIO, folder), kind(io.FileIO, __file__, "q"), io.FileIO(folder + "/new").readall()]
class Mine(io.FileIO): pass
facts += [issubclass(Mine, io.RawIOBase), isinstance(open(__file__, "rb", 0), Mine)]
walked = []
for path, folders, names, number in os.fwalk(top + "/plug"):
    walked.append([path[len(top):], sorted(f for f in folders if f[0] != "_"), sorted(names), [os.stat(n, dir_fd=number).st_size for n in sorted(names)], sorted(n for n in os.listdir(number) if n[0] != "_")])
made = py_compile.compile(top + "/plug/one.py", cfile=folder + "/one.pyc", doraise=True)
os.mkdir(folder + "/d"); number = os.open(folder + "/d", os.O_RDONLY)
written = os.open("x", os.O_CREAT | os.O_WRONLY, dir_fd=number); os.write(written, b"12"); os.close(written)
facts += [os.stat("x", dir_fd=number).st_size, kind(os.stat, "y", dir_fd=number), os.listdir(folder + "/d"), os.access("x", os.R_OK, dir_fd=number)]
os.rename("x", "z", src_dir_fd=number, dst_dir_fd=number); os.unlink("z", dir_fd=number); facts.append(os.listdir(number)); os.close(number)
say(facts=repr(facts), walked=walked, made=os.path.getsize(made) > 20)
"""


def test_by_path_and_by_folder(tmp_path):
    files = {"plug/one.py": "x = 1\n", "plug/sub/two.txt": "two"}
    everywhere(program(PATHS, files), tmp_path)


def test_sysconfig_says_where_the_program_lies(tmp_path):
    code = "import sysconfig; say(lib=[sysconfig.get_path(n) for n in ('purelib', 'platlib')], standard=os.path.isfile(sysconfig.get_path('stdlib') + '/os.py'))"
    for how in ("ours", "pyz"):
        found = launching.run(launching.archive(program(code), "app:main"), tmp_path, how=how).facts
        assert found == {"lib": ["/os402/app"] * 2, "standard": True}


@pytest.mark.parametrize(
    ("printed", "left"),
    [
        ("print('Content-Type: text/plain\\n')", ""),
        ("print('Status: 200\\r\\n\\r\\n', end='')", ""),
        ("print('Content-Type: text/plain\\n\\nbody')", "Content-Type: text/plain\n\nbody\n"),
        ("print('Content-Type: text/plain\\n', flush=True)", "Content-Type: text/plain\n\n"),
        ("print('a\\n', flush=True); print('b: c\\n')", "a\n\nb: c\n\n"),
        ("print('no header')", "no header\n"),
        ("import os; os.write(1, b'raw'); print('Content-Type: text/plain\\n')", "raw"),
        ("pass", ""),
    ],
)
@pytest.mark.parametrize("gateway", [True, False])
def test_headers_before_a_failure(printed, left, gateway, tmp_path):
    data = launching.archive({"app.py": f"def main():\n    {printed}\n    raise ValueError('late')\n"}, "app:main")
    answer = launching.run(data, tmp_path, **({"GATEWAY_INTERFACE": "CGI/1.1"} if gateway else {}))
    assert answer.code == 1
    assert answer.err.endswith("ValueError: late\n")
    if gateway:
        assert answer.out.decode() == left
    else:
        assert left in answer.out.decode()


def test_output_is_what_it_was(tmp_path):
    code = "print('x' * 20000); print(sys.stdout.name, sys.stdout.buffer.raw.mode, sys.stdout is sys.__stdout__); sys.stdout.flush(); os.write(1, b'end')"
    data = launching.archive(program(code), "app:main")
    plain, cgi = (launching.run(data, tmp_path, **more) for more in ({}, {"GATEWAY_INTERFACE": "CGI/1.1"}))
    assert plain == cgi
    assert plain.out == b"x" * 20000 + b"\n<stdout> wb True\nend"


SETUPTOOLS = {
    "_distutils_hack/__init__.py": """
import importlib, importlib.machinery, sys
class DistutilsMetaFinder:
    def find_spec(self, fullname, path, target=None):
        if path is None and fullname == "distutils":
            module = importlib.import_module("setuptools._distutils")
            class Loader:
                def create_module(self, spec): module.__name__ = "distutils"; return module
                def exec_module(self, module): pass
            return importlib.machinery.ModuleSpec("distutils", Loader(), origin=module.__file__)
DISTUTILS_FINDER = DistutilsMetaFinder()
def add_shim(): DISTUTILS_FINDER in sys.meta_path or sys.meta_path.insert(0, DISTUTILS_FINDER)
""",
    "setuptools/__init__.py": "",
    "setuptools/_distutils/__init__.py": "",
    "setuptools/_distutils/util.py": "def strtobool(value): return 'of setuptools'\n",
}


def test_distutils_of_setuptools(tmp_path):
    code = "from distutils.util import strtobool; import distutils; say(found=strtobool('y'), file=distutils.__file__)"
    found = launching.run(launching.archive(program(code, SETUPTOOLS), "app:main"), tmp_path).facts
    assert found == {"found": "of setuptools", "file": "/os402/app/setuptools/_distutils/__init__.py"}
    code = "say(why=kind(__import__, 'distutils')[0] if sys.version_info >= (3, 12) else 'ModuleNotFoundError')"
    answer = launching.run(
        launching.archive(program(code, SETUPTOOLS), "app:main"), tmp_path, SETUPTOOLS_USE_DISTUTILS="stdlib"
    )
    assert answer.facts == {"why": "ModuleNotFoundError"}


ATTACH = """
import sqlite3
top = os.path.dirname(__file__)
main = sqlite3.connect(":memory:")
found = []
for statement, parameters in (
    ("ATTACH ? AS one", (top + "/data/other.db",)), ("attach database ? as ?", (top + "/data/other.db", "two")),
    (f"ATTACH '{top}/data/other.db' AS \\"three\\";", ()), ("ATTACH :path AS four", {"path": top + "/data/other.db"}),
    ("ATTACH ':memory:' AS five", ()), ("ATTACH 'x' || 'y'", ()),
):
    found.append(kind(lambda: main.execute(statement, parameters).fetchall()))
cursor = main.cursor()
found.append(cursor.execute("SELECT a, (SELECT a FROM two.t) FROM one.t").fetchall())
found.append(main.execute("SELECT count(*) FROM three.t UNION ALL SELECT count(*) FROM four.t").fetchall())
own = sqlite3.connect(top + "/data/other.db")
found += [own.execute("ATTACH ? AS again", (top + "/data/other.db",)).fetchall(), own.execute("SELECT a FROM again.t").fetchall()]
main.row_factory = sqlite3.Row
found += [dict(main.execute("SELECT 1 AS x").fetchone()), isinstance(main, sqlite3.Connection), isinstance(cursor, sqlite3.Cursor), cursor.connection is main]
found.append([row[0] for row in main.executemany("INSERT INTO five.sqlite_sequence VALUES (1)", [])] if 0 else type(main.cursor(sqlite3.Cursor)).__name__)
say(found=found)
"""


def database(folder):
    with closing(sqlite3.connect(folder / "other.db")) as created:
        created.execute("CREATE TABLE t (a)")
        created.execute("INSERT INTO t VALUES (7)")
        created.commit()
    return (folder / "other.db").read_bytes()


@pytest.mark.skipif(sys.version_info < (3, 11), reason="sqlite3 cannot deserialize")
def test_databases_of_the_archive_can_be_attached(tmp_path):
    found = everywhere(program(ATTACH, {"data/other.db": database(tmp_path)}), tmp_path)
    assert [[7, 7]] in found["found"]


CASES = {"devices": DEVICES, "who": WHO, "listings": LISTINGS, "paths": PATHS, "attach": ATTACH, "pools": POOLS}
ALL = """
import importlib, json
def main():
    found = {}
    for name in CASES:
        module = importlib.import_module("case_" + name)
        module.say = lambda **facts: found.update({name: facts})
        module.main()
    print("Content-Type: application/json", "", json.dumps(found), sep="\\n")
"""


def all_cases(copied, other):
    cases = {f"case_{name}.py": program(code.replace("COPY", copied))["app.py"] for name, code in CASES.items()}
    tree = {"plug/__init__.py": "", "plug/one.py": "x = 1\n", "plug/sub/__init__.py": "", "plug/sub/two.py": ""}
    more = {"plug/x.txt": "x", "data/other.db": other, "app.py": ALL.replace("CASES", repr(list(CASES)))}
    return {**cases, **tree, **more}


@pytest.mark.once
@pytest.mark.skipif(sys.platform != "linux", reason="os402's sandbox is Linux's")
def test_every_case_with_run(tmp_path, python312):
    """What a project says that was built, and run by `hatch-os402 run`, beside its folder on a disk."""
    other = database(tmp_path)
    files = all_cases(str(tmp_path / "copied"), other)
    strip = "import io, contextlib, sys, app\nwith contextlib.redirect_stdout(io.StringIO()) as out: app.main()\n"
    answer = strip + "sys.stdout.write(out.getvalue().partition(chr(10) * 2)[2])"
    expected = launching.in_folder(
        {path: launching.as_bytes(content) for path, content in files.items()},
        tmp_path,
        f"exec({answer!r})",
        python312.path,
    )
    files = all_cases("/tmp/copied", other)
    tops = sorted({path.partition("/")[0] for path in files})
    root = write_project(
        tmp_path / "project",
        files=files,
        options='entry-point = "app:main"\nbytecode = true\n',
        extra=f"[tool.hatch.build.targets.wheel]\nonly-include = {tops!r}\n",
    )
    built = build(root).succeeded()
    assert "plug/one.pyc" in built.members
    (artifact,) = built.dist.glob("*.stdin")
    command = [sys.executable, "-m", "hatch_os402.cli", "run", str(artifact)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment())
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found.pop("who") == who("/tmp")
    del expected["who"]
    assert found == expected
    assert found["devices"]["null"][0] == "('', True, '/dev/null', 'r')"
