"""os402's conditions on this machine: limits, an empty root, namespaces, Landlock, seccomp, CGI, and a gateway.

What they are is in os402's `src/os/sandbox.rs` and `src/webapp/handlers/cgi.rs`. `limits`, `root`, `namespaces`,
`landlock`, `seccomp`, `rules` and `spawner` run in a process of their own, which forks the program; they import the
standard library alone.
"""
