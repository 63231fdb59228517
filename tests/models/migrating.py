"""Extra revisions after the last one, and a database to apply them to."""

import time
from collections.abc import Sequence
from pathlib import Path

from alembic.script import ScriptDirectory
from sqlalchemy import Engine, text

from models.schema import VERSIONS, migration_config

REVISION = '''"""{name}"""

from alembic import op

from models.migrations import online

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    {does}
'''
INDEX = "ix_orders_language"
AN_INDEX = f'online.create_index("{INDEX}", "orders", ["language"])'
CONSTRAINT = "ck_orders_language"
A_CONSTRAINT = f'online.add_constraint("{CONSTRAINT}", "orders", "CHECK (length(language) < 36)")'


def write_revisions(directory: Path, *steps: str) -> Sequence[Path]:
    """Revisions that do these steps one after the other, and where to find them together with ours."""
    before = ScriptDirectory.from_config(migration_config()).get_current_head()
    for number, does in enumerate(steps, 9001):
        content = REVISION.format(name=f"Step {number}", revision=number, before=before, does=does)
        (directory / f"{number}_step.py").write_text(content)
        before = str(number)
    return (VERSIONS, directory)


def plant_orders(engine: Engine, first: int, last: int) -> None:
    """Bare rows that are orders as far as the table knows."""
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        connection.execute(
            text("""
                INSERT INTO orders (order_id, channel, channel_order_id, request_hash, status, placed_at, customer_id,
                    currency, discount_minor, shipping_minor, tax_minor, grand_total_minor, payment_reference,
                    payment_method, country, province, receiver, remarks, tags, units, workflow_started_at)
                SELECT 'PLANTED-' || n, 'tmall', 'PLANTED-' || n, '', 'completed', now(), 'BUYER-' || n, 'CNY', 0, 0, 0,
                    100, 'PAY-' || n, 'alipay', 'CN', 'Zhejiang', '{}', '', '[]', 1, now()
                FROM generate_series(CAST(:first AS int), :last) AS n"""),
            {"first": first, "last": last},
        )


def revision(engine: Engine) -> str:
    return str(_ask(engine, "SELECT version_num FROM alembic_version"))


def index_is_valid(engine: Engine) -> object:
    return _ask(engine, f"SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('{INDEX}')")


def constraint_is_valid(engine: Engine) -> object:
    return _ask(engine, f"SELECT convalidated FROM pg_constraint WHERE conname = '{CONSTRAINT}'")


def wait_until_it_waits(engine: Engine, statement: str) -> None:
    """Return when a session waits for a lock with this statement."""
    asked = f"SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '{statement}%'"
    give_up_at = time.monotonic() + 60
    while not _ask(engine, asked):
        assert time.monotonic() < give_up_at, f"nobody waits with {statement}"
        time.sleep(0.02)


def end_session(engine: Engine, statement: str) -> None:
    """End the session that is at this statement, and return when it is gone."""
    of_it = f"SELECT pid FROM pg_stat_activity WHERE state = 'active' AND query LIKE '{statement}%'"
    assert _ask(engine, f"SELECT pg_terminate_backend(pid, 60000) FROM ({of_it}) AS sessions")


def _ask(engine: Engine, question: str) -> object:
    with engine.connect() as connection:
        return connection.scalar(text(question))
