"""What is kept of a closed workflow's history."""

from datetime import UTC, datetime

from models.packed import unpack
from relay.histories import stored_form
from workflows.history import Happening

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
DONE = Happening(NOON, "step", "reserve_stock", "reserve stock", "done")
FAILED = Happening(NOON, "step", "book_shipment", failure="no Xiadan Plum at this address")


def test_a_history_is_packed() -> None:
    stored = stored_form([DONE] * 12)

    assert len(stored) < 100
    assert [one["name"] for one in unpack(stored)] == ["reserve_stock"] * 12


def test_a_history_with_a_failure_is_not_packed_so_that_sql_can_erase_it() -> None:
    assert [one["failure"] for one in stored_form([DONE, FAILED])] == ["", "no Xiadan Plum at this address"]
