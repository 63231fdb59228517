"""`baton parameters` and `baton blocks`, as staff use them."""

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from cli import app
from models.database import Sessions
from models.parameters import BuyerBlockRow, ParameterRow
from simulators.settings import PARTNERS
from tests.integrations.servers import SECRET

LIMIT = '{"amount": "6000.00", "currency": "CNY"}'


@pytest.fixture
def baton(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    for partner in PARTNERS:
        monkeypatch.setenv(f"BATON_{partner.upper()}__URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"BATON_{partner.upper()}__SECRET", SECRET)
    return CliRunner()


def set_limit(baton: CliRunner, value: str = LIMIT, since: str = "2027-01-01T00:00:00+08:00", **more: str) -> Result:
    options = [part for name, text in more.items() for part in (f"--{name}", text)]
    name = "import_order_limit"
    return baton.invoke(
        app, ["parameters", "set", name, value, "--from", since, "--source", "a law", "--by", "Mo of customs", *options]
    )


def rows(sessions: Sessions) -> list[ParameterRow]:
    with sessions() as session:
        return list(session.scalars(select(ParameterRow).order_by(ParameterRow.parameter_id)))


def test_setting_a_value_changes_no_earlier_row(baton: CliRunner, sessions: Sessions) -> None:
    # given
    before = [(row.parameter_id, row.value, row.valid_to) for row in rows(sessions)]

    # when
    result = set_limit(baton)
    listed = baton.invoke(app, ["parameters", "list", "import_order_limit"])

    # then
    *old, new = rows(sessions)
    assert result.exit_code == 0, result.output
    assert [(row.parameter_id, row.value, row.valid_to) for row in old] == before
    assert (new.value["amount"], new.set_by, new.source) == ("6000.00", "Mo of customs", "a law")
    assert listed.exit_code == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"value": "5000"},
        {"value": "{"},
        {"since": "2027-01-01T00:00:00"},
        {"since": "tomorrow"},
        {"to": "2026-01-01T00:00:00+08:00"},
    ],
)
def test_a_value_that_cannot_work_is_refused(baton: CliRunner, sessions: Sessions, wrong: dict[str, str]) -> None:
    before = len(rows(sessions))
    assert set_limit(baton, **wrong).exit_code == 2
    assert len(rows(sessions)) == before


def test_a_buyer_is_blocked_listed_and_unblocked(baton: CliRunner, sessions: Sessions) -> None:
    # when
    blocked = baton.invoke(app, ["blocks", "add", "C-1001", "--reason", "three parcels refused"])
    listed = baton.invoke(app, ["blocks", "list"])
    ended, again = (baton.invoke(app, ["blocks", "end", "C-1001"]) for _ in range(2))

    # then
    assert [result.exit_code for result in (blocked, listed, ended, again)] == [0, 0, 0, 2]
    with sessions() as session:
        row = session.scalars(select(BuyerBlockRow)).one()
        assert (row.subject, row.reason, row.valid_to is not None) == ("C-1001", "three parcels refused", True)
