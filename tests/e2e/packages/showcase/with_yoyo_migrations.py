"""Lists a folder of migrations in Python and SQL, which it loads by path, and what they hash to."""

import os

from yoyo import read_migrations


def facts():
    found = read_migrations(os.path.join(os.path.dirname(__file__), "hooked", "steps"))
    for migration in found:
        migration.load()
    return [[migration.id, len(migration.steps), migration.hash[:8]] for migration in found]
