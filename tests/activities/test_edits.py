"""Edits keep lines, money and stock exact, are made once, and all or nothing."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from activities.audit import AuditRequest
from activities.editing import EditRequest
from activities.payment_links import LinkRequest
from activities.reserve import StockRequest
from commands.verify import verify
from domain.contents.fields import AS_NOW
from domain.editing.totals import worth
from domain.editing.wanted import AddedLine, WantedEdit
from domain.money import Money
from domain.statement_books import CAPTURES
from models.edits import OrderEditRow
from models.messaging import MessageRow
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow
from models.stock import ReservationRow
from record import money
from record.comparing.statement_books import known_of, not_listed
from record.order_mapping import load_order
from record.orders import edits, payment_claims, payment_links, refund_shares
from record.orders.edits import EditOutcome
from record.sourcing.needs import outstanding
from record.stock.channel_shares import Quota, set_quotas
from tests.activities.story import YESTERDAY, Steps, make_edit
from tests.conftest import EXAMPLES
from tests.factories import CHANNEL, LAMP, TEACUP, an_order, assert_ledger_explains_stock, counters, place_orders

CNY = "CNY"
LINES = st.dictionaries(st.integers(1, 4), st.integers(0, 3), max_size=2)
PRICES = st.integers(0, 3_000).map(lambda minor: Money(minor, CNY))
ADDED = st.builds(AddedLine, st.sampled_from((LAMP, TEACUP)), st.integers(1, 2), PRICES, st.just(Money(0, CNY)))
WANTED = st.builds(
    WantedEdit,
    quantities=LINES,
    added=st.lists(ADDED, max_size=1).map(tuple),
    amounts=st.fixed_dictionaries({}, optional={"shipping": PRICES, "tax": PRICES}),
    notes=st.sampled_from(({}, {"remarks": "ring twice"})),
)
ACTS = st.lists(st.one_of(WANTED, st.sampled_from(("reserve", "allocate", "pay"))), min_size=2, max_size=5)


def paid(steps: Steps, lines: Any = ((LAMP, 2), (TEACUP, 3)), status: str = "accepted") -> Steps:
    """Another order, whose payment is booked."""
    order = an_order(lines, tax=Money(101, CNY), discount=Money(250, CNY))
    order = replace(order, grand_total=order.sum_of_parts)
    [order_id] = place_orders(steps.sessions, [order], status)
    with steps.sessions.begin() as session:
        amount = {"amount_minor": order.grand_total.minor_units, "currency": CNY, "gateway_reference": order_id}
        session.add(MoneyMovementRow(order_id=order_id, kind="captured", key=f"{order_id}:captured", **amount))
    return replace(steps, order_id=order_id, stored={})


def repay(steps: Steps, outcome: EditOutcome, number: int) -> None:
    """What the workflow has the gateway do."""
    if outcome.repay_minor:
        with steps.sessions.begin() as session:
            amount = {"amount_minor": outcome.repay_minor, "currency": CNY, "gateway_reference": "R"}
            key = f"{steps.order_id}:refund:edit:{number}"
            session.add(MoneyMovementRow(order_id=steps.order_id, kind="refunded", key=key, **amount))


def pay(steps: Steps) -> None:
    """The customer pays by the link that is open, and the gateway says so twice."""
    with steps.sessions.begin() as session:
        if link := payment_links.open_link(session, steps.order_id):
            for _ in range(2):
                payment_claims.capture(session, link.reference, Money(link.amount_minor, CNY))


def reserved(steps: Steps) -> Mapping[str, int]:
    with steps.sessions() as session:
        units = select(ReservationRow.sku, func.sum(ReservationRow.quantity)).where(
            ReservationRow.order_id == steps.order_id
        )
        return dict(session.execute(units.group_by(ReservationRow.sku)).all())  # type: ignore[arg-type]


@settings(max_examples=EXAMPLES // 3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ACTS)
def test_any_sequence_of_edits_keeps_lines_money_and_stock_exact(steps: Steps, acts: list[Any]) -> None:
    # given
    one = paid(steps)
    work = list[str]()

    # when it is edited between its steps, and each time what must be is called back
    for number, act in enumerate(acts, 1):
        if act == "reserve":
            one.reserve.reserve_stock(StockRequest(one.order_id, number))
        elif act == "allocate":
            allocation = one.allocate.allocate_stock(StockRequest(one.order_id, number))
            work += [part.fulfillment_order_id for part in allocation.work]
        elif act == "pay":
            pay(one)
        elif act.fields:
            outcome = make_edit(one, act, number)
            for name in outcome.recall:
                one.allocate.deallocate_stock(one.undo(name))
            if outcome.recall:
                outcome = make_edit(one, act, number, recalled=True)
            assert outcome.state in ("applied", "refused")
            repay(one, outcome, number)

    # then we hold what the wanted units are worth, or have charged it, and no more stock than is wanted
    with one.sessions() as session:
        row, order = session.get_one(OrderRow, one.order_id), load_order(session, one.order_id)
        lines = session.scalars(select(OrderLineRow).where(OrderLineRow.order_id == one.order_id)).all()
        withdrawn = {line.line_no: line.withdrawn for line in lines}
        charged = Money(row.charge_minor, CNY)
        assert money.balance(session, one.order_id) + charged == worth(order, withdrawn)
        assert order.grand_total == order.sum_of_parts == order.placed_total + Money(row.edited_minor, CNY)
        assert all(line.withdrawn == line.canceled for line in lines)
        wanted = outstanding(session, one.order_id)
    assert all(units <= wanted.get(sku, 0) for sku, units in reserved(one).items())
    assert_ledger_explains_stock(one.sessions)
    # Leave the goods to the next example.
    for name in work:
        one.allocate.deallocate_stock(one.undo(name))
    one.reserve.release_stock(one.undo(one.order_id))
    assert [result for result in verify(one.sessions).results if result.wrong] == []


def test_a_refund_is_shared_out_among_the_payments_and_none_gives_more_than_it_paid(steps: Steps) -> None:
    # given an order whose edit was charged and paid
    one = paid(steps)
    with one.sessions() as session:
        own = money.balance(session, one.order_id)
    make_edit(one, WantedEdit(amounts={"shipping": Money(1_300, CNY)}))
    pay(one)

    # when
    with one.sessions() as session:
        order = session.get_one(OrderRow, one.order_id)
        of_all = refund_shares.shares(session, order, own + Money(500, CNY))
        of_some = refund_shares.shares(session, order, Money(300, CNY))
        too_much = refund_shares.shares(session, order, own + Money(501, CNY))

    # then
    link = f"{one.order_id}-E-1"
    assert of_all == [(link, Money(500, CNY)), ("", own)]
    assert of_some == [(link, Money(300, CNY))]
    with one.sessions() as session:
        named = [session.get_one(OrderRow, one.order_id).payment_reference, link]
        listed = known_of(session, "payments", CAPTURES, named, datetime.now(UTC))
        owed = not_listed(session, "payments", CAPTURES, YESTERDAY, datetime.now(UTC) + timedelta(days=1), 9, [])
    assert {subject: entry.amount for subject, entry in listed.items()} == {named[0]: own, link: Money(500, CNY)}
    assert sorted(owed) == sorted(named)
    assert too_much[-1] == ("", own + Money(1, CNY))


def test_a_payment_by_link_that_the_gateway_did_not_report_is_found_by_the_next_audit(
    steps: Steps, address: str
) -> None:
    # given an order that is held until its link is paid
    steps.up_to("audit_order")
    outcome = make_edit(steps, WantedEdit(amounts={"shipping": Money(1_300, CNY)}))
    steps.links.tell_links(LinkRequest(steps.order_id, "1"))
    held = steps.audit.audit_order(AuditRequest(steps.order_id, 2))
    assert (outcome.charges, held.open.codes) == (True, ["PAYMENT_DUE"])
    with steps.sessions() as session:
        told = {row.milestone: row.data for row in session.scalars(select(MessageRow)) if row.milestone in AS_NOW}
    due = {"amount": "5.00", "currency": CNY, "payment_link": f"https://pay.example/{steps.order_id}-E-1"}
    assert told == {"edited": {"total": "72.97 CNY"}, "payment_due": due}

    # when the customer pays and nobody says so
    paid_at = {"reference": f"{steps.order_id}-E-1", "amount": "5.00", "currency": CNY, "status": "captured"}
    httpx2.post(f"{address}/payments/payments", json=paid_at).raise_for_status()

    # then the order goes on, and its own payment is booked as before
    assert steps.audit.audit_order(AuditRequest(steps.order_id, 3)).verdict == "pass"
    with steps.sessions() as session:
        assert money.balance(session, steps.order_id) == load_order(session, steps.order_id).grand_total
    assert verify(steps.sessions).clean


def test_a_link_that_was_withdrawn_and_paid_calls_a_person(steps: Steps) -> None:
    # given a charge that another edit takes back
    one = paid(steps)
    make_edit(one, WantedEdit(amounts={"shipping": Money(1_300, CNY)}))
    outcome = make_edit(one, WantedEdit(amounts={"shipping": Money(800, CNY)}), 2)
    assert (outcome.charges, outcome.repay_minor) == (True, 0)

    # when the customer had the page open still
    with one.sessions.begin() as session:
        payment_claims.capture(session, f"{one.order_id}-E-1", Money(500, CNY))

    # then
    with one.sessions() as session:
        row = session.get_one(OrderRow, one.order_id)
        assert (row.charge_minor, row.attention) == (0, "a payment link that was withdrawn was paid: 5.00 CNY")


def test_added_units_are_claimed_with_the_edit_and_removed_ones_released(steps: Steps) -> None:
    # given two lamps and three cups that are reserved
    one = paid(steps)
    one.reserve.reserve_stock(StockRequest(one.order_id, 1))

    # when a cup is replaced by a lamp for nothing more
    outcome = make_edit(one, WantedEdit(quantities={2: 2}, added=(AddedLine(LAMP, 1, *[Money(0, CNY)] * 2),)))

    # then
    assert (outcome.state, outcome.claimed_skus, outcome.claimed, outcome.judge) == ("applied", [LAMP], True, True)
    assert reserved(one) == {LAMP: 3, TEACUP: 2}
    assert counters(one.sessions, TEACUP) == {"on_hand": 10, "reserved": 2, "available": 8}


def test_removed_units_are_given_back_to_the_quota(steps: Steps) -> None:
    # given a quota of two lamps, which an order has
    with steps.sessions.begin() as session:
        set_quotas(session, CHANNEL, LAMP, [Quota(2, YESTERDAY)])
    one, other = paid(steps), paid(steps, [(LAMP, 1)])
    one.reserve.reserve_stock(StockRequest(one.order_id, 1))
    before = other.reserve.reserve_stock(StockRequest(other.order_id, 1))

    # when it wants one less
    make_edit(one, WantedEdit(quantities={1: 1}))

    # then another order may have it
    after = other.reserve.reserve_stock(StockRequest(other.order_id, 2))
    assert (before.short_units, after.short_units) == (1, 0)
    assert verify(steps.sessions).clean


def test_an_edit_whose_goods_cannot_be_claimed_changes_nothing(steps: Steps) -> None:
    # given an order that is fetched at a place whose other lamps are sold; elsewhere there are some
    one, other = paid(steps), paid(steps, [(LAMP, 8)])
    wanted = WantedEdit(quantities={2: 0}, added=(AddedLine(LAMP, 1, *[Money(0, CNY)] * 2),))
    with one.sessions.begin() as session:
        for steps_of in (one, other):
            session.get_one(OrderRow, steps_of.order_id).pickup_location = "HANGZHOU"
    one.reserve.reserve_stock(StockRequest(one.order_id, 1))
    other.reserve.reserve_stock(StockRequest(other.order_id, 1))

    # when
    outcome = make_edit(one, wanted)

    # then
    assert (outcome.state, outcome.refusal) == ("refused", f"units of {LAMP} cannot be claimed")
    assert reserved(one) == {LAMP: 2, TEACUP: 3}
    with one.sessions() as session:
        assert session.get_one(OrderRow, one.order_id).version == 0


def test_an_order_that_waits_for_other_goods_is_edited(steps: Steps) -> None:
    # given an order of lamps and cups, that waits for its cups
    other, one = paid(steps, [(TEACUP, 8)]), paid(steps)
    for steps_of in (other, one):
        steps_of.reserve.reserve_stock(StockRequest(steps_of.order_id, 1))

    # when a lamp comes to it
    outcome = make_edit(one, WantedEdit(added=(AddedLine(LAMP, 1, *[Money(0, CNY)] * 2),)))

    # then it waits with one lamp more
    assert (outcome.state, outcome.refusal, outcome.claimed) == ("applied", "", False)
    with one.sessions() as session:
        assert outstanding(session, one.order_id) == {LAMP: 3, TEACUP: 3}
    assert reserved(one) == {}


def test_stock_of_an_order_under_review_is_not_claimed_by_an_edit(steps: Steps) -> None:
    one = paid(steps, status="under_review")

    outcome = make_edit(one, WantedEdit(quantities={1: 3}))

    assert (outcome.state, outcome.claimed_skus, outcome.claimed, reserved(one)) == ("applied", [LAMP], False, {})


def test_only_the_newest_previews_of_an_order_are_kept(steps: Steps) -> None:
    # given an edit that was made, and 30 that were previewed
    one = paid(steps)
    make_edit(one, WantedEdit(notes={"remarks": "ring twice"}))
    for number in range(30):
        with one.sessions.begin() as session:
            row = session.get_one(OrderRow, one.order_id)
            edits.propose(session, row, WantedEdit(notes={"remarks": "ring"}), f"E-{number}", edits.API, "sun")

    # when the first one is made after all
    outcome = one.edits.make_edit(EditRequest(one.order_id, "E-0", 9))

    # then the order has moved past it
    assert (outcome.state, outcome.about) == ("superseded", "order")
    with one.sessions() as session:
        kept = session.scalars(select(OrderEditRow.edit_id).order_by(OrderEditRow.number)).all()
    assert list(kept)[1:] == [f"E-{number}" for number in range(10, 30)]


def test_of_edits_made_at_once_one_is_made(steps: Steps) -> None:
    # given three edits of one version
    one = paid(steps)
    with one.sessions.begin() as session:
        row = session.get_one(OrderRow, one.order_id)
        for number in range(3):
            edits.propose(session, row, WantedEdit(quantities={2: number}), f"E-{number}", edits.API, "sun")

    # when each is made twice at once
    requests = [EditRequest(one.order_id, f"E-{number % 3}", 1 + number % 3) for number in range(6)]
    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(one.edits.make_edit, requests))

    # then one is applied, and a repeat has the same outcome
    assert outcomes[:3] == outcomes[3:]
    assert sorted(outcome.state for outcome in outcomes[:3]) == ["applied", "superseded", "superseded"]
    with one.sessions() as session:
        assert session.get_one(OrderRow, one.order_id).version == 1


def test_an_edit_is_not_made_once_its_order_ends(steps: Steps) -> None:
    one = paid(steps)
    make_edit(one, WantedEdit(notes={"remarks": "ring twice"}))
    with one.sessions.begin() as session:
        row = session.get_one(OrderRow, one.order_id)
        edits.propose(session, row, WantedEdit(quantities={1: 1}), "LATE", edits.API, "sun")

    outcome = one.edits.make_edit(EditRequest(one.order_id, "LATE", 9, refusal="the order ends"))

    assert (outcome.state, outcome.refusal) == ("refused", "the order ends")
    with one.sessions() as session:
        [made, late] = session.scalars(select(OrderEditRow).order_by(OrderEditRow.number)).all()
        assert (made.version, late.version, session.get_one(OrderRow, one.order_id).remarks) == (1, None, "ring twice")
