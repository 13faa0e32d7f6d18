"""What a program tries in the sandbox, and what must come of it. `probetable.py` runs them and writes the table.

A probe is Python code whose value, or error, is its outcome: `works` where it is None. `FILE` is a file of the user's,
in `FOLDER`; `SOCKET` is a Unix socket there and `ABSTRACT` an abstract one, `PORT` a TCP and UDP port of 127.0.0.1 that
somebody listens at, `OTHER` a process of the user's. Raw system calls are in `CALLS`.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Probe:
    """What is tried, and the outcomes that are right: the names of errors, or the value."""

    title: str
    code: str
    right: str


_NOT_HERE = "ENOENT EROFS EACCES"

FILES = (
    Probe("read a file of the user", "open(FILE).read()", "ENOENT"),
    Probe("append to it", "open(FILE, 'a')", _NOT_HERE),
    Probe("truncate it by its path", "os.truncate(FILE, 0)", _NOT_HERE),
    Probe("change its mode", "os.chmod(FILE, 0o600)", "ENOENT"),
    Probe("change its owner, to the same", "os.chown(FILE, os.getuid(), os.getgid())", "ENOENT"),
    Probe("change its times", "os.utime(FILE, (1e9, 1e9))", "ENOENT"),
    Probe("set an extended attribute", "os.setxattr(FILE, 'user.os402', b'x')", "ENOENT"),
    Probe("list its extended attributes", "os.listxattr(FILE)", "ENOENT"),
    Probe("rename it", "os.rename(FILE, FILE + '2')", _NOT_HERE),
    Probe("remove it", "os.unlink(FILE)", _NOT_HERE),
    Probe("link to it", "os.link(FILE, FILE + '2')", _NOT_HERE),
    Probe("see that it exists (`stat`)", "os.stat(FILE); return 'it exists'", "ENOENT"),
    Probe("list its folder", "os.listdir(FOLDER)", "ENOENT"),
    Probe("make a folder beside it", "os.mkdir(FOLDER + '/made')", _NOT_HERE),
    Probe("make a symbolic link beside it", "os.symlink('a', FOLDER + '/link')", _NOT_HERE),
    Probe("make a pipe beside it", "os.mkfifo(FOLDER + '/pipe')", _NOT_HERE),
    Probe("make its folder the current one", "os.chdir(FOLDER)", "ENOENT"),
    Probe("ask for the size of its file system", "os.statvfs(FOLDER); return 'an answer'", "ENOENT"),
    Probe("read /etc/passwd", "open('/etc/passwd').read()", "EACCES"),
    Probe("read /etc/shadow", "open('/etc/shadow').read()", "ENOENT"),
    Probe("list /", "os.listdir('/')", "EACCES"),
    Probe("list /tmp", "os.listdir('/tmp')", "EACCES"),
    Probe("list the current folder", "os.listdir()", "EACCES"),
    Probe("make a file in the current folder", "open('made', 'w')", "EACCES"),
    Probe("make a file in /tmp", "open('/tmp/hatch-os402-probe', 'w')", "EACCES"),
    Probe("make a file in /dev/shm", "open('/dev/shm/hatch-os402-probe', 'w')", "EACCES"),
    Probe("write into the standard library", "open(os.__file__, 'a')", "EROFS EACCES"),
    Probe("change the mode of its files", "os.chmod(os.__file__, 0o644)", "EROFS EPERM"),
    Probe("the same by a descriptor", "os.fchmod(os.open(os.__file__, os.O_RDONLY), 0o644)", "EROFS EPERM"),
    Probe("change the times of its files", "s = os.stat(os.__file__); os.utime(os.__file__, ns=(s.st_atime_ns, s.st_mtime_ns))", "EROFS EPERM"),
    Probe("open /bin/sh", "os.open('/bin/sh', os.O_RDONLY)", "EACCES"),
    Probe("chroot", "os.chroot('/')", "EPERM"),
    Probe("read the runtime's own executable", "open('/proc/self/exe', 'rb').read(4); return None", "works"),
)  # fmt: skip

PROC_AND_DEVICES = (
    Probe("list /proc", "os.listdir('/proc')", "EACCES"),
    Probe("list /proc/self/fd", "return [int(n) for n in os.listdir('/proc/self/fd')][:3]", "[0, 1, 2]"),
    Probe("read /proc/self/stat", "open('/proc/self/stat').read(); return None", "works"),
    Probe("read /proc/self/environ", "open('/proc/self/environ').read()", "EACCES"),
    Probe("read /proc/self/maps", "open('/proc/self/maps').read()", "EACCES"),
    Probe("write /proc/self/mem", "open('/proc/self/mem', 'r+b')", "EACCES EROFS"),
    Probe("read the environment of its parent", "open(f'/proc/{os.getppid()}/environ').read()", "ENOENT"),
    Probe("list the files of another process", "os.listdir(f'/proc/{OTHER}/fd')", "ENOENT"),
    Probe("reach another process's root", "os.stat(f'/proc/{OTHER}/root/etc')", "ENOENT"),
    Probe("read /proc/cpuinfo", "open('/proc/cpuinfo').read()", "EACCES"),
    Probe("write /proc/sys/kernel/hostname", "open('/proc/sys/kernel/hostname', 'w')", _NOT_HERE),
    Probe("list /sys", "os.listdir('/sys')", "ENOENT"),
    Probe("open /dev/null", "open('/dev/null')", "EACCES"),
    Probe("open /dev/urandom", "open('/dev/urandom', 'rb')", "EACCES"),
    Probe("open /dev/tty", "open('/dev/tty')", "EACCES ENOENT"),
    Probe("open /dev/mem", "open('/dev/mem', 'rb')", "ENOENT"),
    Probe("open /dev/kvm", "open('/dev/kvm', 'rb')", "ENOENT"),
    Probe("open /dev/fuse", "open('/dev/fuse', 'rb')", "ENOENT"),
    Probe("make a pseudo-terminal", "os.openpty()", "ENOENT"),
    Probe("open standard output again", "os.open('/proc/self/fd/1', os.O_WRONLY); return None", "works"),
)

SOCKETS = (
    Probe("connect to a Unix socket by its path", "unix(SOCKET)", "ENOENT"),
    Probe("bind a Unix socket to a path", "socket.socket(socket.AF_UNIX).bind(FOLDER + '/mine')", _NOT_HERE),
    Probe("connect to an abstract Unix socket", "unix(ABSTRACT)", "ECONNREFUSED EPERM"),
    Probe("bind an abstract Unix socket", "socket.socket(socket.AF_UNIX).bind(b'\\0os402-probe')", "works"),
    Probe("a pair of sockets", "socket.socketpair(); return None", "works"),
    Probe("TCP to 127.0.0.1", "socket.create_connection(('127.0.0.1', PORT), 2)", "ENETUNREACH"),
    Probe("TCP to ::1", "socket.create_connection(('::1', PORT), 2)", "EADDRNOTAVAIL ENETUNREACH"),
    Probe("TCP to 192.0.2.1", "socket.create_connection(('192.0.2.1', 80), 2)", "ENETUNREACH"),
    Probe("bind and listen, TCP", "one = socket.socket(); one.bind(('', 0)); one.listen()", "works"),
    Probe("UDP to 127.0.0.1", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', PORT))", "ENETUNREACH"),
    Probe("UDP to 192.0.2.1", "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 53))", "ENETUNREACH"),
    Probe("a raw IP socket", "socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)", "EPERM"),
    Probe("list the network's interfaces", "return [name for _, name in socket.if_nameindex()]", "['lo']"),
    Probe("AF_NETLINK, audit", "socket.socket(16, socket.SOCK_RAW, 9)", "EPROTONOSUPPORT"),
    Probe("AF_NETLINK, kernel events", "socket.socket(16, socket.SOCK_RAW, 15)", "EPROTONOSUPPORT"),
    Probe("AF_VSOCK", "socket.socket(40, socket.SOCK_STREAM)", "EAFNOSUPPORT"),
    Probe("AF_PACKET", "socket.socket(17, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    Probe("AF_ALG", "socket.socket(38, socket.SOCK_SEQPACKET)", "EAFNOSUPPORT"),
    Probe("AF_BLUETOOTH", "socket.socket(31, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    Probe("AF_CAN", "socket.socket(29, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    Probe("AF_TIPC", "socket.socket(30, socket.SOCK_DGRAM)", "EAFNOSUPPORT"),
    Probe("AF_KEY", "socket.socket(15, socket.SOCK_RAW)", "EAFNOSUPPORT"),
    Probe("AF_XDP", "socket.socket(44, socket.SOCK_RAW)", "EAFNOSUPPORT"),
)  # fmt: skip

PROCESSES = (
    Probe("signal its parent", "os.kill(os.getppid(), 0)", "EPERM"),
    Probe("signal another process", "os.kill(OTHER, 0)", "EPERM"),
    Probe("the same by a pidfd", "signal.pidfd_send_signal(os.pidfd_open(OTHER), 0)", "EPERM"),
    Probe("have a file signal another process", "r, w = os.pipe(); fcntl.fcntl(r, fcntl.F_SETOWN, OTHER); return None", "works EPERM"),
    Probe("change another's priority", "os.setpriority(os.PRIO_PROCESS, OTHER, 19)", "EPERM"),
    Probe("change another's processors", "os.sched_setaffinity(OTHER, os.sched_getaffinity(0))", "EPERM"),
    Probe("change another's limits", "resource.prlimit(OTHER, resource.RLIMIT_CORE, (0, 0))", "EPERM"),
    Probe("real-time scheduling", "os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))", "EPERM"),
    Probe("a higher priority", "os.nice(-5)", "EPERM EACCES"),
    Probe("set the clock", "time.clock_settime(time.CLOCK_REALTIME, time.time())", "EPERM"),
    Probe("set the host's name", "socket.sethostname('os402')", "EPERM"),
    Probe("become root", "os.setuid(0)", "EINVAL EPERM"),
    Probe("start a thread", "threading.Thread(target=int).start()", "RuntimeError"),
    Probe("fork once; fork on and on in the child", "return bomb()", "fewer than 64"),
    Probe("fork a second time", "os.fork() or os._exit(0)", "ENOMEM EAGAIN"),
    # Last: a program that can do these has other powers from then on.
    Probe("enter a new user namespace", "os.unshare(os.CLONE_NEWUSER)", "EPERM"),
    Probe("enter a new mount namespace", "os.unshare(os.CLONE_NEWNS)", "EPERM"),
)  # fmt: skip

GIVEN = (
    Probe("variables of the caller's environment", "return [name for name in os.environ if 'SECRET' in name]", "[]"),
    Probe("descriptors beside the first three", "return [n for n in range(3, 256) if is_open(n)]", "[]"),
    Probe("a terminal", "return [n for n in range(3) if os.isatty(n)]", "[]"),
    Probe("leads a session of its own", "return os.getsid(0) == os.getpid()", "True"),
    Probe("type into the terminal (TIOCSTI)", "fcntl.ioctl(0, 0x5412, b'x')", "EPERM"),
    Probe("its user is one of the machine's", "return os.getuid() < 0x10000 or os.getgid() < 0x10000", "False"),
    Probe("its privileges (capabilities)", "return privileges()", "none"),
    Probe("keep memory without a file (memfd)", "os.memfd_create('x'); return None", "works"),
    Probe("share memory with a child", "mmap.mmap(-1, 4096); return None", "works"),
    Probe("allocate 1 GiB of 512 MiB", "bytearray(1 << 30)", "MemoryError"),
    Probe("open 300 descriptors", "many()", "EMFILE"),
    Probe("raise its limit of descriptors", "resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))", "ValueError EPERM"),
    Probe("leave a core file", "return resource.getrlimit(resource.RLIMIT_CORE)", "(0, 0)"),
    Probe("its stack", "return resource.getrlimit(resource.RLIMIT_STACK)[0] >> 10", "1024"),
)  # fmt: skip

HELPERS = """
import errno, fcntl, json, mmap, os, resource, signal, socket, sys, threading, time
FOLDER, PORT, OTHER = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
FILE, SOCKET, ABSTRACT = FOLDER + "/file", FOLDER + "/socket", b"\\0os402-probe-%d" % PORT
def unix(address):
    with socket.socket(socket.AF_UNIX) as one:
        one.connect(address)
def is_open(number):
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
def many():
    opened = []
    try:
        while len(opened) < 300:
            opened.append(os.dup(1))
    finally:
        for one in opened:
            os.close(one)
def privileges():
    try:
        os.setgroups([])
    except OSError:
        return "none"
    return "some"
def bomb():
    r, w = os.pipe()
    if os.fork() == 0:
        count = 0
        try:
            while count < 100:
                if os.fork() == 0:
                    time.sleep(20)
                    os._exit(0)
                count += 1
        except OSError:
            pass
        os.write(w, b"fewer than 64" if count < 64 else b"as many as it likes")
        os._exit(0)
    os.close(w)
    os.wait()  # and with it all that it started
    return os.read(r, 99).decode()
def outcome(code):
    try:
        names = dict(globals())
        body = "\\n ".join(code.split("; "))
        exec(f"def probe():\\n {body}", names)
        value = names["probe"]()
    except OSError as error:
        return errno.errorcode.get(error.errno, type(error).__name__)
    except Exception as error:
        return type(error).__name__
    return "works" if value is None else str(value)
"""

CALLS = {
    "ptrace": (101, 0),
    "process_vm_readv": (310, 1, 0, 0, 0),
    "process_vm_writev": (311, 1, 0, 0, 0),
    "bpf": (321, 0, 0, 0),
    "perf_event_open": (298, 0),
    "userfaultfd": (323, 1),
    "io_uring_setup": (425, 1, 0),
    "keyctl (join a session keyring)": (250, 1, 0),
    "add_key": (248, 0, 0),
    "mount": (165, 0, 0, 0, 0),
    "umount2": (166, 0, 0),
    "pivot_root": (155, 0, 0),
    "open_tree": (428, -100, 0, 0),
    "fsopen": (430, 0, 0),
    "setns": (308, 0, 0),
    "open_by_handle_at": (304, -100, 0, 0),
    "name_to_handle_at": (303, -100, 0, 0, 0),
    "init_module": (175, 0, 0, 0),
    "kexec_load": (246, 0, 0, 0),
    "syslog": (103, 3, 0, 0),
    "swapon": (167, 0, 0),
    "quotactl": (179, 0, 0, 0),
    "fanotify_init": (300, 0, 0),
    "iopl": (172, 3),
    "modify_ldt": (154, 0, 0, 0),
    "shmget (System V memory)": (29, 0, 4096, 0o1600),
    "a call of the x32 ABI": (0x40000000 + 39,),
}
"""System calls of x86_64 that Python has no function for: number and arguments, which by themselves would do nothing."""
ALLOWED_CALLS = {"shmget (System V memory)": "works", "a call of the x32 ABI": "ENOSYS"}
"""The right outcome of these; of all others it is EPERM."""

GROUPS = {
    "What it is given": GIVEN,  # before anything is opened
    "Files": FILES,
    "/proc and devices": PROC_AND_DEVICES,
    "Sockets": SOCKETS,
    "Processes and namespaces": PROCESSES,
}
