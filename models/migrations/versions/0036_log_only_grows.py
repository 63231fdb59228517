"""The log of orders and what proves it only grow"""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

LOGS = ("order_events", "event_seals", "trace_leaves", "trace_roots")
REFUSE = """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION '% only grows: nothing in it is changed or removed', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END $$
"""


def upgrade() -> None:
    op.execute(REFUSE)
    for log in LOGS:
        # For each statement, so that rows cost nothing.
        op.execute(
            f"CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON {log} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
