"""Lists a folder of migrations, which it imports by path: upgrade, history, downgrade, in SQLite in memory."""

import io
import os

import sqlalchemy
from alembic import command
from alembic.config import Config


def facts():
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", os.path.join(os.path.dirname(__file__), "hooked", "migrations"))
    engine = sqlalchemy.create_engine("sqlite://", poolclass=sqlalchemy.pool.StaticPool)
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        tables = sqlalchemy.inspect(connection).get_table_names()
        command.history(config)
        command.downgrade(config, "base")
        left = sqlalchemy.inspect(connection).get_table_names()
    return [tables, config.stdout.getvalue().splitlines(), left]
