"""The command line of an offer: Python, isolated, with one constant line that takes the archive from stdin.

The frame on stdin is `<decimal size>` and a newline, exactly that many bytes of archive, then the body of the call. The
line reads the first two and leaves the body where it is. It never waits for the end of the pipe, which another task
of the server may hold open. It runs on every call and is stored in every offer, so it is short and imports only `sys`
and `zlib`.
"""

from __future__ import annotations

BOOTSTRAP = ";".join(  # noqa: FLY002 - a statement a line
    (
        "import sys,zlib",
        "f=sys.stdin.buffer",
        "h=f.readline(10)",  # nine digits and the newline; h[-1] is an int, 10 the newline
        "n=int(h)if h[:-1].isdigit()and h[-1]==10 else 0",
        "zb=f.read(n)",  # `zb` is the name by which every launcher hands the archive on
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
"""What `python -c` runs: printable ASCII without a single quote, so that it can be quoted in any shell. A frame it
cannot read gives one line on stderr and exit code 70 (EX_SOFTWARE)."""

ARGS = ("python", "-I", "-X", "utf8", "-c", BOOTSTRAP)
"""argv of the offer. `-I`: no PYTHON* variable of a caller has a say. `-X utf8`: neither has the locale."""
