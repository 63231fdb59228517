"""Two runs of an export may be due in the same second: each is known by the id of its workflow's run"""

import sqlalchemy as sa
from alembic import op

revision = "0078"
down_revision = "0077"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("export_runs", sa.Column("workflow_run", sa.Text(), nullable=True))
    # At most 100 runs of each of 100 exports.
    op.execute("UPDATE export_runs SET workflow_run = run_id::text")
    op.alter_column("export_runs", "workflow_run", nullable=False)
    op.drop_constraint(op.f("uq_export_runs_export_id_due_at"), "export_runs")
    op.create_unique_constraint(
        op.f("uq_export_runs_export_id_workflow_run"), "export_runs", ["export_id", "workflow_run"]
    )
