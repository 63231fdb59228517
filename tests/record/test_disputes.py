"""Disputes: money is gone until it is decided, never paid back twice, and back when it is won."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from commands.verify import verify
from domain.disputes import DisputeOutcome, DisputeReport, Stage
from domain.money import Money
from models.database import Sessions
from models.disputes import DisputeRow
from models.order import OrderRow
from models.payment import AskedRefundRow, MoneyMovementRow
from record import money
from record.comparing.settlement_files import take
from record.order_mapping import lock_order
from record.orders.disputes import DisputeSweep, mark_sent, tell
from record.orders.told_refunds import book_told
from tests.factories import events_of
from tests.record.test_settlements import file, paid, sale

WON, LOST = DisputeOutcome.WON, DisputeOutcome.LOST


@pytest.fixture
def order_id(stocked: Sessions) -> str:
    return paid(stocked, "TM-1", 10_000, 2_000)


def told(sessions: Sessions, order_id: str, minor: int, outcome: DisputeOutcome | None = None, **more: object) -> None:
    one = DisputeReport("DP-1", Money(minor, "CNY"), outcome=outcome, **more)  # type: ignore[arg-type]
    with sessions.begin() as session:
        tell(session, order_id, one, "payments")


def left(sessions: Sessions, order_id: str) -> int:
    with sessions() as session:
        return money.refundable(session, order_id).minor_units


def refunded(sessions: Sessions, order_id: str) -> list[int]:
    mine = MoneyMovementRow.order_id == order_id, MoneyMovementRow.kind == "refunded"
    with sessions() as session:
        rows = select(MoneyMovementRow.amount_minor).where(*mine).order_by(MoneyMovementRow.movement_id)
        return list(session.scalars(rows))


def test_money_in_dispute_is_gone_until_it_is_won(stocked: Sessions, order_id: str) -> None:
    # when it is told twice, and won twice
    for _ in range(2):
        told(stocked, order_id, 5_000)
    during = left(stocked, order_id)
    for _ in range(2):
        told(stocked, order_id, 5_000, WON)

    # then
    assert (during, left(stocked, order_id)) == (3_000, 8_000)
    assert refunded(stocked, order_id) == [2_000]
    with stocked() as session:
        order = session.get_one(OrderRow, order_id)
        assert order.disputed_minor == 0
        assert session.scalars(select(AskedRefundRow)).all() == []


def test_lost_money_stays_gone_and_no_more_than_was_held_is_taken(stocked: Sessions, order_id: str) -> None:
    # when more is disputed than is left, and lost; what comes later changes nothing
    told(stocked, order_id, 10_000)
    told(stocked, order_id, 10_000, LOST)
    told(stocked, order_id, 10_000, WON)

    # then
    assert (left(stocked, order_id), refunded(stocked, order_id)) == (0, [2_000, 8_000])
    with stocked() as session:
        row = session.get_one(DisputeRow, "payments:DP-1")
        assert (row.outcome, row.taken_minor) == ("lost", 8_000)
        assert session.get_one(OrderRow, order_id).disputed_minor == 10_000
    money_checks = [one for one in verify(stocked).results if "money" in one.name or "refund" in one.name]
    assert [one.name for one in money_checks if one.wrong] == []


def test_a_bank_that_only_asks_takes_nothing_yet(stocked: Sessions, order_id: str) -> None:
    told(stocked, order_id, 5_000, stage=Stage.INQUIRY)
    before = left(stocked, order_id)
    told(stocked, order_id, 5_000, stage=Stage.CHARGEBACK)

    assert (before, left(stocked, order_id)) == (8_000, 3_000)


def test_what_a_channel_pays_back_is_not_taken_for_a_dispute(stocked: Sessions, order_id: str) -> None:
    told(stocked, order_id, 5_000)
    with stocked.begin() as session:
        book_told(session, lock_order(session, order_id), 7_000)

    with stocked() as session:
        [asked] = session.scalars(select(AskedRefundRow))
    assert asked.key == "dispute:payments:DP-1"


def test_a_person_is_called_before_the_time_to_answer_runs_out(stocked: Sessions, order_id: str) -> None:
    # given
    until = datetime.now(UTC) + timedelta(days=3)
    told(stocked, order_id, 5_000, respond_by=until)
    sweep = DisputeSweep(stocked)

    # when
    warned = [sweep.run(), sweep.run(until - timedelta(hours=30)), sweep.run(until)]

    # then
    assert warned == [0, 1, 0]
    assert "alert.raised" in events_of(stocked, order_id)
    with stocked.begin() as session:
        assert (session.get_one(OrderRow, order_id).attention or "").startswith("answer the dispute: payments:DP-1 by ")
        lock_order(session, order_id)
        mark_sent(session, session.get_one(DisputeRow, "payments:DP-1"), "Mo")
    with stocked() as session:
        assert session.get_one(OrderRow, order_id).attention is None


def test_a_settlement_file_tells_of_a_dispute_and_of_its_end(stocked: Sessions, order_id: str) -> None:
    # when
    take(stocked, file(sale("TM-1", "-30.00", kind="dispute")))
    during = left(stocked, order_id)
    take(stocked, file(sale("TM-1", "30.00", kind="dispute")))

    # then
    assert (during, left(stocked, order_id)) == (5_000, 8_000)
    with stocked() as session:
        assert session.scalars(select(DisputeRow.outcome)).all() == ["won"]


def test_a_settlement_file_may_name_its_orders_by_any_text(stocked: Sessions, order_id: str) -> None:
    # given an order of the same number in another channel, both known by their payments
    other = paid(stocked, "TM-1", 10_000, channel="jd", payment_reference="ALI-8")

    # when a file that is not of one channel takes money of both back, and names one by no number of ours
    lines = sale("wang@shop/7", "-30.00", kind="dispute", payment="ALI-8"), sale("wang@shop/7", "-9.00", kind="dispute")
    take(stocked, file(*lines, channel=""))
    with stocked.begin() as session:
        session.execute(update(OrderRow).where(OrderRow.order_id == order_id).values(payment_reference="ALI-7"))
    take(stocked, file(sale("TM-1", "-20.00", kind="dispute", payment="ALI-7"), channel=""))

    # then each is its order's own, under an id that a path and the key of a movement can hold
    with stocked() as session:
        known = session.execute(select(DisputeRow.dispute_id, DisputeRow.order_id, DisputeRow.amount_minor)).all()
    assert {tuple(one) for one in known} == {
        (f"file:{other}", other, 3_000),
        (f"file:{order_id}", order_id, 2_000),
    }
