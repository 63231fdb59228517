"""`baton differences`, as staff use it; tests/workflows/test_statements.py has a real run."""

from datetime import UTC, datetime

import pytest
from typer.testing import CliRunner

from cli import app
from models.database import Sessions
from models.statements import PartnerDifferenceRow
from simulators.settings import PARTNERS
from tests.integrations.servers import SECRET


@pytest.fixture
def baton(database_url: str, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("BATON_STATEMENTS__PARTNERS", '["erp"]')
    monkeypatch.setenv("BATON_TEMPORAL_ADDRESS", "127.0.0.1:9")
    monkeypatch.setenv("COLUMNS", "200")
    for partner in PARTNERS:
        monkeypatch.setenv(f"BATON_{partner.upper()}__URL", "http://127.0.0.1:9")
        monkeypatch.setenv(f"BATON_{partner.upper()}__SECRET", SECRET)
    return CliRunner()


def test_only_open_differences_are_shown(baton: CliRunner, sessions: Sessions) -> None:
    # given
    with sessions.begin() as session:
        for partner, subject in (("erp", "M-1"), ("wms", "HZ/LAMP")):
            row = PartnerDifferenceRow(partner=partner, book="b", kind="missing_there", subject=subject)
            row.ours, row.theirs = "sent", ""
            session.add(row)
        gone = PartnerDifferenceRow(partner="erp", book="b", kind="missing_there", subject="M-2", ours="", theirs="")
        gone.gone_at = datetime.now(UTC)
        session.add(gone)

    # when
    everything, of_erp = baton.invoke(app, ["differences"]), baton.invoke(app, ["differences", "--partner", "erp"])

    # then
    assert ("M-1" in everything.output, "HZ/LAMP" in everything.output, "M-2" in everything.output) == (
        True,
        True,
        False,
    )
    assert ("M-1" in of_erp.output, "HZ/LAMP" in of_erp.output) == (True, False)


def test_a_partner_without_statements_cannot_be_compared(baton: CliRunner) -> None:
    answer = baton.invoke(app, ["differences", "--run", "tms"])

    assert answer.exit_code == 2
    assert "tms lists nothing" in answer.output


def test_without_temporal_no_run_begins(baton: CliRunner) -> None:
    answer = baton.invoke(app, ["differences", "--run", "erp"])

    assert answer.exit_code == 1
    assert "do not answer" in answer.output
