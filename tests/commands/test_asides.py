"""`baton asides`, as staff use it."""

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from cli import app
from models.database import Sessions
from models.set_aside import SetAsideRow
from record.set_aside import set_aside
from simulators.settings import PARTNERS


@pytest.fixture
def baton(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("COLUMNS", "200")
    for partner in PARTNERS:
        monkeypatch.setenv(f"BATON_{partner.upper()}__URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"BATON_{partner.upper()}__SECRET", "whsec_YSBzZWNyZXQgb2YgdGhlIHRlc3RzLCAzMiBieXRlcyE=")
    return CliRunner()


def test_rows_set_aside_are_shown_and_retried(baton: CliRunner, sessions: Sessions) -> None:
    # given
    with sessions.begin() as session:
        set_aside(session, "event", ["payments/E-1", "payments/E-2"], "nobody's payment.captured")
        set_aside(session, "fact", ["17"], "OverflowError")
    with sessions() as session:
        fact = session.scalar(select(SetAsideRow.aside_id).where(SetAsideRow.kind == "fact"))

    # when
    shown = baton.invoke(app, ["asides", "list"]).output
    events, one = (baton.invoke(app, ["asides", "retry", *which]) for which in (["--kind", "event"], [str(fact)]))
    again = baton.invoke(app, ["asides", "retry", str(fact)])

    # then
    assert all(word in shown for word in ("payments/E-1", "payments/E-2", "OverflowError"))
    assert (events.output.strip(), one.output.strip()) == ("2 tried again", "1 tried again")
    assert again.exit_code == 2
    assert baton.invoke(app, ["asides", "retry"]).exit_code == 2
    assert baton.invoke(app, ["asides", "list", "--kind", "nonsense"]).exit_code == 2
