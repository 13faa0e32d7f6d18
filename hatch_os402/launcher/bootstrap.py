"""The command line of an offer: Python, isolated, with one constant line that takes the archive from stdin.

The frame on stdin is `<decimal size>` and a newline, exactly that many bytes of archive, then the body of the call. The
line reads the first two and leaves the body where it is. It never waits for the end of the pipe, which another task
of the server may hold open. It runs on every call and is stored in every offer, so it is short and imports only what
the interpreter has built in or loaded.

To parse and compile text costs about ten times as much as to load its bytecode. So the line goes straight to the
bytecode of `inside/start.py`, when that is this Python's; all else is a text that is compiled when it is needed.
"""

from __future__ import annotations

_OTHERWISE = ";".join(  # noqa: FLY002 - a statement a line
    (
        "i=int.from_bytes",
        'm=zb[41:41+i(zb[18:22],"little")]',
        # Of the first local header (APPNOTE 4.3.7): no flags, stored, a name of 11 bytes, no extra field, the name.
        (
            'e="no size"if n<1 else"%d of %d bytes"%(len(zb),n)if len(zb)<n else"no __main__.py first"'
            r'if zb[:4]+zb[6:10]+zb[26:41]!=b"PK\3\4\0\0\0\0\13\0\0\0__main__.py"else"another checksum"'
            'if zlib.crc32(m)!=i(zb[14:18],"little")else""'
        ),
        'e and sys.exit(print("os402: damaged frame:",e,file=sys.stderr)or 70)',
        "exec(m)",
    )
)
"""What runs `__main__.py` from its source, or says in one line what is wrong with the frame. `start.py` runs it too."""

BOOTSTRAP = ";".join(
    (
        "import sys,zlib,marshal,_frozen_importlib_external as e",
        "f=sys.stdin.buffer",
        "h=f.readline(10)",  # nine digits and the newline; h[-1] is an int, 10 the newline
        "n=h[:-1].isdigit()and h[-1]==10 and int(h)",
        "zb=f.read(n)",  # `zb` is the name by which every launcher hands the archive on; False is 0
        # In the local header of a member, size and checksum are 24 and 28 bytes in front of a name of 16 bytes.
        'i=zb.find(b"_os402/start.pyc"+e.MAGIC_NUMBER)+16',
        's,c=divmod(int.from_bytes(zb[i-32:i-24],"little"),1<<32)',
        "p=zb[i:i+s]",
        f'd=r"""{_OTHERWISE}"""',
        "exec(marshal.loads(p[16:])if zlib.crc32(p)==c>0 else d)",
    )
)
"""What `python -c` runs: printable ASCII without a single quote, so that it can be quoted in any shell. A frame it
cannot read gives one line on stderr and exit code 70 (EX_SOFTWARE)."""

ARGS = ("python", "-I", "-S", "-X", "utf8", "-c", BOOTSTRAP)
"""argv of the offer. `-I`: no PYTHON* variable of a caller has a say. `-S`: nothing that is installed in the runtime
takes part, nor is `site` run, a tenth of a start; `start.py` adds what it adds. `-X utf8`: the locale has no say."""
