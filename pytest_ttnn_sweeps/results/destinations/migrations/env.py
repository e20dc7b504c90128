"""Run by Alembic for each migration command; the connection comes from `migrations.upgrade`."""

from alembic import context

from pytest_ttnn_sweeps.results.destinations.migrations import VERSION_TABLE
from pytest_ttnn_sweeps.results.destinations.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # SQLite changes tables by copying them.
    render_as_batch=True,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
