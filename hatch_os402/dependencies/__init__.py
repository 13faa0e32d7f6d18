"""Dependencies: resolved for the target, fetched by hash, vetted for compiled code and staged as one tree."""
