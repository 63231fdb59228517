"""Money that several hands reach for at once: a bank, a channel, a person, and time."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import httpx2
from sqlalchemy import func, select, text, update

from activities.holds import Expiry
from activities.outcome import Ending
from activities.settlement import Settlement
from commands import verify_money
from commands.parameters import set_parameter
from domain.disputes import DisputeOutcome, DisputeReport
from domain.money import Money
from models.messaging import PartnerEventRow
from models.order import HoldRow, OrderRow
from record import money
from record.order_mapping import lock_order
from record.orders import payment_claims, refund_shares
from record.orders.disputes import tell
from record.orders.payment_claims import CHECK_ASKED
from record.orders.told_refunds import book_told
from tests.activities.conftest import address, ask, partners, steps
from tests.activities.story import Steps
from tests.activities.tendering import (
    CNY,
    TOTAL,
    audited,
    balance_of,
    card,
    left_of,
    moved,
    of_balance,
    tendered,
)

__all__ = ["address", "ask", "partners", "steps"]
YEARS_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def disputed(
    steps: Steps, minor: int, outcome: DisputeOutcome | None = None, reference: str = "", name: str = "DP-1"
) -> None:
    told = DisputeReport(name, Money(minor, CNY), outcome=outcome, payment_reference=reference)
    with steps.sessions.begin() as session:
        tell(session, steps.order_id, told, "payments")


def undo(steps: Steps) -> None:
    assert steps.refunds.refund_order(steps.undo("payment")).done
    steps.outcome.end_order(Ending(steps.order_id, "canceled", "a reason"))


def is_whole(steps: Steps) -> list[str]:
    with steps.sessions() as session:
        return [
            f"{name}: {row.id}"
            for name, check in verify_money.MONEY_QUERIES.items()
            for row in session.execute(text(check))
            if row.wrong
        ]


def test_a_dispute_about_a_second_card_takes_the_money_of_that_card(steps: Steps) -> None:
    # given an order whose second card paid the larger part
    second = card(1, TOTAL.minor_units - 5_00)
    order = tendered(steps, second)
    audited(order)

    # when the bank takes that part, and the order is undone
    disputed(order, second.amount.minor_units, reference=second.reference)
    disputed(order, second.amount.minor_units, DisputeOutcome.LOST)
    undo(order)

    # then its own payment gives back what it paid, and the second card nothing more
    back = [one for one in moved(order) if one[0] == "refunded"]
    assert back == [("refunded", second.amount.minor_units, second.reference), ("refunded", 5_00, "")]
    assert is_whole(order) == []


def test_money_that_a_dispute_frees_after_the_end_goes_back(steps: Steps) -> None:
    # given an order that is undone while a part of its money is disputed
    order = tendered(steps)
    audited(order)
    disputed(order, 10_00)
    undo(order)

    # when it is won
    disputed(order, 10_00, DisputeOutcome.WON)
    with order.sessions() as session:
        asked = session.scalars(select(PartnerEventRow.subject).where(PartnerEventRow.type == CHECK_ASKED)).all()
    for name in asked:
        Settlement(order.sessions, order.refunds.ways).settle_payment(name)

    # then
    assert asked == [order.order_id]
    assert sum(minor for kind, minor, _ in moved(order) if kind == "refunded") == TOTAL.minor_units
    assert is_whole(order) == []


def test_each_of_two_disputes_that_are_won_after_the_end_frees_its_money(steps: Steps) -> None:
    # given an order that is undone while two equal parts of its money are disputed
    order = tendered(steps)
    audited(order)
    for name in ("DP-1", "DP-2"):
        disputed(order, 10_00, name=name)
    undo(order)

    # when one is won after the other
    for name in ("DP-1", "DP-2"):
        disputed(order, 10_00, DisputeOutcome.WON, name=name)
        for _ in range(2):
            Settlement(order.sessions, order.refunds.ways).settle_payment(order.order_id)

    # then everything is back
    assert sum(minor for kind, minor, _ in moved(order) if kind == "refunded") == TOTAL.minor_units
    assert is_whole(order) == []


def test_what_a_channel_has_paid_back_is_not_mixed_with_our_own_balances(steps: Steps) -> None:
    # given an order that the channel collects, but for a gift card of ours, which has its money back already
    set_parameter(
        steps.sessions, "payment_terms", {"tmall": {"*": {"kind": "platform"}}}, YEARS_AGO, None, "a contract", "sun"
    )
    credit = balance_of(steps, 20_00, "gift_card")
    order = tendered(steps, of_balance(1, credit, 20_00), collected=TOTAL)
    audited(order)
    own = TOTAL.minor_units - 20_00
    assert sorted(moved(order)) == sorted([("captured", 20_00, credit.credit_id), ("captured", own, "")])

    # when the channel says that it has paid back all of its own
    with order.sessions.begin() as session:
        book_told(session, lock_order(session, order.order_id), own)

    # then nothing of it is left, and the card has all of its own money
    with order.sessions() as session:
        assert refund_shares.left_of(session, order.order_id, CNY) == 0
        assert money.refundable(session, order.order_id).minor_units == 20_00
    undo(order)
    assert left_of(order, credit) == 20_00
    assert is_whole(order) == []


def test_a_deposit_is_kept_once_and_a_balance_that_comes_after_it_goes_back(steps: Steps, address: str) -> None:
    # given a pre-sale whose balance is not paid in time, on a channel that keeps deposits
    rules = {"tmall": {"deposit": "forfeited"}}
    set_parameter(steps.sessions, "presale", rules, YEARS_AGO, None, "a contract", "sun")
    balance = card(1, 50_00, "-PAYMENT-UNSETTLED", due_at=datetime.now(UTC) - timedelta(hours=1))
    order = tendered(steps, balance)
    audited(order)
    with order.sessions.begin() as session:
        session.execute(update(HoldRow).values(expires_at=func.now() - timedelta(hours=1)))
    deposit = TOTAL.minor_units - 50_00

    # when its time runs out twice, with more money for the deposit's payment and the balance in between
    now = datetime.now(UTC).timestamp()
    order.holds.expire_holds(Expiry(order.order_id, now))
    with order.sessions.begin() as session:
        own = session.get_one(OrderRow, order.order_id).payment_reference
    for reference, minor in ((own, deposit + 7_00), (balance.reference, 50_00)):
        body = {"reference": reference, "status": "captured", "amount": Money(minor, CNY).text, "currency": CNY}
        httpx2.post(f"{address}/payments/payments", json=body).raise_for_status()
    with order.sessions.begin() as session:
        payment_claims.capture(session, own, Money(deposit + 7_00, CNY))
    order.holds.expire_holds(Expiry(order.order_id, now + 60))
    undo(order)

    # then the deposit stays, once, and everything else goes back
    sums = Counter[str]()
    for kind, minor, _ in moved(order):
        sums[kind] += minor
    assert sums == {"captured": TOTAL.minor_units + 7_00, "forfeited": deposit, "refunded": 57_00}
    assert is_whole(order) == []
