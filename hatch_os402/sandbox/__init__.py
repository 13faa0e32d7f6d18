"""os402's conditions on this machine: limits, namespaces, Landlock, the CGI environment, and a gateway.

What they are is in os402's `src/os/sandbox.rs` and `src/webapp/handlers/cgi.rs`. `limits`, `namespaces`, `landlock` and
`spawner` run in a process of their own, which forks the program; they import the standard library alone.
"""
