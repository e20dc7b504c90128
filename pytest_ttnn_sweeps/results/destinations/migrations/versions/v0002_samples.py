"""The samples of metrics, and notes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("sweep_results", sa.Column("notes", sa.Text()))
    op.add_column("sweep_metrics", sa.Column("samples", sa.Text()))


def downgrade() -> None:
    op.drop_column("sweep_metrics", "samples")
    op.drop_column("sweep_results", "notes")
