"""Runs, records and metrics."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sweep_runs",
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("schema_version", sa.Integer(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("sealed_at", sa.DateTime(timezone=True)),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("user", sa.Text(), nullable=False),
        sa.Column("git_sha", sa.String(64)),
        sa.Column("git_branch", sa.Text()),
        sa.Column("git_author", sa.Text()),
        sa.Column("git_dirty", sa.Boolean()),
        sa.Column("ci_provider", sa.String(20)),
        sa.Column("ci_pipeline_id", sa.Text()),
        sa.Column("ci_job_id", sa.Text()),
        sa.Column("provider", sa.String(20)),
        sa.Column("provider_version", sa.Text()),
        sa.Column("card_type", sa.Text()),
        sa.Column("record", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name="pk_sweep_runs"),
    )
    op.create_index("ix_sweep_runs_started_at", "sweep_runs", ["started_at"])
    op.create_table(
        "sweep_results",
        sa.Column("result_id", sa.String(32), nullable=False),
        sa.Column("run_id", sa.String(64), nullable=False),
        sa.Column("module", sa.Text(), nullable=False),
        sa.Column("suite", sa.Text(), nullable=False),
        sa.Column("vector_id", sa.String(64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("index", sa.BigInteger()),
        sa.Column("node_id", sa.Text(), nullable=False),
        sa.Column("input_hash", sa.Text()),
        sa.Column("input_hash_2025", sa.Text()),
        sa.Column("parameters", sa.Text(), nullable=False),
        sa.Column("status", sa.String(32), nullable=False),
        sa.Column("final", sa.Boolean(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("exception_type", sa.Text()),
        sa.Column("exception_text", sa.Text()),
        sa.Column("traceback", sa.Text()),
        sa.Column("fault", sa.String(20)),
        sa.Column("skip_reason", sa.Text()),
        sa.Column("xfail_reason", sa.Text()),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("duration_s", sa.Float(), nullable=False),
        sa.Column("setup_s", sa.Float(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("provider", sa.String(20)),
        sa.Column("provider_version", sa.Text()),
        sa.Column("card_type", sa.Text()),
        sa.Column("device_session", sa.Text()),
        sa.Column("firmware", sa.Text()),
        sa.Column("driver", sa.Text()),
        sa.Column("extra", sa.Text()),
        sa.PrimaryKeyConstraint("result_id", name="pk_sweep_results"),
        sa.ForeignKeyConstraint(["run_id"], ["sweep_runs.run_id"], name="fk_sweep_results_run_id", ondelete="CASCADE"),
    )
    op.create_index("ix_sweep_results_run_id", "sweep_results", ["run_id"])
    op.create_index("ix_sweep_results_vector_id", "sweep_results", ["vector_id"])
    op.create_table(
        "sweep_metrics",
        sa.Column("result_id", sa.String(32), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Float()),
        sa.Column("special", sa.String(9)),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("better", sa.String(6), nullable=False),
        sa.PrimaryKeyConstraint("result_id", "position", name="pk_sweep_metrics"),
        sa.ForeignKeyConstraint(
            ["result_id"], ["sweep_results.result_id"], name="fk_sweep_metrics_result_id", ondelete="CASCADE"
        ),
    )


def downgrade() -> None:
    for table in ("sweep_metrics", "sweep_results", "sweep_runs"):
        op.drop_table(table)
