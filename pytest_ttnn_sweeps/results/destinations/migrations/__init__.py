"""Bringing a database to the schema of this package, by Alembic."""

from __future__ import annotations

import threading
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from pytest_ttnn_sweeps.results.destinations import Refused

VERSION_TABLE = "sweep_schema_version"
_LOCK = 0x7474_6E6E
"""Of PostgreSQL's advisory locks: jobs that start at once must not all make the tables."""

_ALONE = threading.Lock()
"""Alembic's operations go to whatever connection its one context has: two threads' migrations would mix."""


def upgrade(engine: Engine) -> None:
    """Make or change the tables, where they aren't as this package knows them; concurrent callers wait.

    Raises ``Refused`` for the schema of a newer package.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        current = _current(connection)
        if current == head:
            return
        known = {script.revision for script in scripts.walk_revisions()}
        if current is not None and current not in known:
            msg = f"the database has schema {current}, newer than this package's {head}; update pytest-ttnn-sweeps"
            raise Refused(msg)
        config.attributes["connection"] = connection
        with _ALONE:
            command.upgrade(config, "head")


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection, opts={"version_table": VERSION_TABLE}).get_current_revision()
