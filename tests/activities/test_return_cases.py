"""Return cases: opened once, decided by the policy, received and inspected in either order, and closed."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from domain.ids import return_id
from domain.returns.requests import AskAttentionRequest, EndReturnRequest
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from models.returns import ReturnedGoodsRow, ReturnRow
from tests.activities.story import A_GOOD_LAMP, A_LAMP, YESTERDAY, Steps
from tests.factories import LAMP, TEACUP, assert_ledger_explains_stock, counters, events_of

ALL_BUT_TWO = {"on_hand": 8, "available": 8}


def goods_of(steps: Steps) -> list[tuple[str, str, int]]:
    with steps.sessions() as session:
        rows = session.scalars(select(ReturnedGoodsRow).where(ReturnedGoodsRow.return_id == steps.case))
        return sorted((row.sku, row.disposition, row.quantity) for row in rows)


def judged(disposition: str, quantity: int = 1) -> list[dict[str, Any]]:
    return [{"sku": LAMP, "quantity": quantity, "disposition": disposition, "grade": "A"}]


def test_a_request_within_the_window_is_approved(steps: Steps) -> None:
    # given
    steps.up_to("end_order")

    # when
    case = steps.requests.open_return(steps.requested())

    # then
    assert (case.status, case.refusal, case.with_order, case.everything) == ("approved", "", False, False)
    assert events_of(steps.sessions, steps.order_id)[-2:] == ["return.requested", "return.approved"]


def test_a_request_after_the_window_is_rejected_with_the_reason(steps: Steps) -> None:
    # given
    steps.up_to("end_order")
    with steps.sessions.begin() as session:
        session.execute(update(FulfillmentOrderRow).values(delivered_at=YESTERDAY - timedelta(days=8)))

    # when
    case = steps.requests.open_return(steps.requested())

    # then
    assert case.status == "rejected"
    assert case.refusal == "the window of 7 days after the day of signing is over"


def test_a_case_of_goods_not_delivered_yet_asks_the_order_first(steps: Steps) -> None:
    # given
    steps.up_to("allocate_stock")

    # when
    case = steps.requests.open_return(steps.requested(lines={1: 2, 2: 1}))

    # then
    assert (case.status, case.with_order, case.everything) == ("approved", True, True)


def test_units_in_another_case_cannot_be_returned_twice(steps: Steps) -> None:
    # given
    steps.up_to("end_order").requests.open_return(steps.requested("CASE-1", {1: 2}))

    # when
    case = steps.requests.open_return(steps.requested("CASE-2", {1: 1}))

    # then
    assert (case.status, case.refusal) == ("rejected", "line 1 has 0 units left to return, 1 were asked")


def test_units_of_a_rejected_case_may_be_requested_again(steps: Steps) -> None:
    # given
    steps.up_to("end_order").requests.open_return(steps.requested("CASE-1", {1: 3}))

    # when
    case = steps.requests.open_return(steps.requested("CASE-2", {1: 2}))

    # then
    assert case.status == "approved"


def test_a_canceled_order_has_nothing_to_return(steps: Steps) -> None:
    # given
    steps.up_to("audit_order")
    with steps.sessions.begin() as session:
        session.get_one(OrderRow, steps.order_id).status = "canceled"

    # when
    case = steps.requests.open_return(steps.requested())

    # then
    assert case.refusal == "the order was not carried out, so there is nothing to return"


def test_received_goods_are_quarantined_until_they_are_inspected(steps: Steps) -> None:
    # given
    steps.up_to("announce_return")

    # when
    status = steps.record_return(steps.return_event("received", A_LAMP))

    # then
    assert status == "received"
    assert counters(steps.sessions, LAMP) == {"on_hand": 9, "quarantined": 1, "available": 8}
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize("arrival", [("received", "inspected"), ("inspected", "received")], ids="-".join)
@pytest.mark.parametrize("times", [1, 2])
def test_receipt_and_inspection_end_alike_in_either_order(arrival: tuple[str, str], times: int, steps: Steps) -> None:
    # given
    steps.up_to("announce_return")
    lines = {"received": A_LAMP, "inspected": A_GOOD_LAMP}

    # when
    for what in arrival:
        for _ in range(times):
            status = steps.record_return(steps.return_event(what, lines[what]))

    # then
    assert status == "inspected"
    assert goods_of(steps) == [(LAMP, "restock", 1)]
    assert counters(steps.sessions, LAMP) == {"on_hand": 9, "available": 9}
    assert events_of(steps.sessions, steps.order_id)[-3:] == [
        "return.received",
        "return.inspected",
        "return.goods_judged",
    ]
    assert_ledger_explains_stock(steps.sessions)


@pytest.mark.parametrize(
    ("disposition", "stock"),
    [
        ("restock", {"on_hand": 9, "available": 9}),
        ("refurbish", {"on_hand": 9, "quarantined": 1, "available": 8}),
        ("quarantine", {"on_hand": 9, "quarantined": 1, "available": 8}),
        ("scrap", ALL_BUT_TWO),
        ("keep_with_customer", ALL_BUT_TWO),
    ],
)
def test_the_disposition_decides_the_stock_of_a_unit(disposition: str, stock: dict[str, int], steps: Steps) -> None:
    # given
    steps.up_to("record_return:received")

    # when
    steps.record_return(steps.return_event("inspected", judged(disposition)))

    # then
    assert counters(steps.sessions, LAMP) == stock
    assert goods_of(steps) == [(LAMP, disposition, 1)]
    assert_ledger_explains_stock(steps.sessions)


def test_an_inspection_cannot_judge_more_than_came(steps: Steps) -> None:
    # given
    steps.up_to("record_return:received")

    # when
    steps.record_return(steps.return_event("inspected", judged("restock", 5)))

    # then
    assert counters(steps.sessions, LAMP) == {"on_hand": 9, "available": 9}
    assert_ledger_explains_stock(steps.sessions)


def test_received_goods_that_were_not_judged_stay_quarantined(steps: Steps) -> None:
    # given
    steps.up_to("announce_return")
    steps.record_return(steps.return_event("received", [{"sku": LAMP, "quantity": 2}]))

    # when
    steps.record_return(steps.return_event("inspected", A_GOOD_LAMP))

    # then
    assert goods_of(steps) == [(LAMP, "received", 1), (LAMP, "restock", 1)]
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "quarantined": 1, "available": 9}
    assert_ledger_explains_stock(steps.sessions)


def test_unknown_goods_are_not_booked_and_raise_an_alert(steps: Steps) -> None:
    # given
    steps.up_to("announce_return")

    # when
    steps.record_return(steps.return_event("received", [*A_LAMP, {"sku": "STRANGE-BOOT", "quantity": 1}]))

    # then
    assert goods_of(steps) == [(LAMP, "received", 1)]
    assert "alert.raised" in events_of(steps.sessions, steps.order_id)


def test_closing_a_case_settles_it_first(steps: Steps) -> None:
    # given
    steps.up_to("refund_return")

    # when
    steps.returns.end_return(EndReturnRequest(steps.case, "closed"))

    # then
    with steps.sessions() as session:
        row = session.get_one(ReturnRow, steps.case)
        assert (row.status, row.closed_at is not None) == ("closed", True)
    assert events_of(steps.sessions, steps.order_id)[-2:] == ["return.settled", "return.closed"]


def test_attention_of_a_case_is_set_and_cleared(steps: Steps) -> None:
    # given
    steps.up_to("announce_return").returns.ask_attention(AskAttentionRequest(steps.case, "REFUND_REFUSED", "no money"))

    # when
    steps.returns.ask_attention(AskAttentionRequest(steps.case, "REFUND_REFUSED"))

    # then
    with steps.sessions() as session:
        assert session.get_one(ReturnRow, return_id(steps.order_id, "CASE-1")).attention is None
    assert events_of(steps.sessions, steps.order_id)[-2:] == ["alert.raised", "alert.cleared"]


def test_a_case_records_the_location_that_the_goods_go_back_to(steps: Steps, ask: Any) -> None:
    # given / when
    steps.up_to("announce_return")

    # then
    with steps.sessions() as session:
        assert session.get_one(ReturnRow, steps.case).location_id == "HANGZHOU"
    assert counters(steps.sessions, TEACUP) == {"on_hand": 9, "available": 9}


def test_a_second_parcel_of_a_case_is_received_and_judged_too(steps: Steps) -> None:
    # given: a case of two lamps, one of which was received and judged
    steps.up_to("end_order").requests.open_return(steps.requested(lines={1: 2}))
    first = [steps.return_event("received", A_LAMP), steps.return_event("inspected", A_GOOD_LAMP)]
    steps.record_return(*first)

    # when
    second = [another(steps, "received", A_LAMP), another(steps, "inspected", A_GOOD_LAMP)]
    for _ in range(2):
        steps.record_return(*second)

    # then
    assert goods_of(steps) == [(LAMP, "restock", 2)]
    assert counters(steps.sessions, LAMP) == {"on_hand": 10, "available": 10}
    assert attention(steps) is None
    assert_ledger_explains_stock(steps.sessions)


def test_a_parcel_received_twice_is_booked_once_and_sets_attention(steps: Steps) -> None:
    steps.up_to("end_order").requests.open_return(steps.requested())
    steps.record_return(steps.return_event("received", A_LAMP))

    steps.record_return(another(steps, "received", A_LAMP))

    assert goods_of(steps) == [(LAMP, "received", 1)]
    assert "did not send" in str(attention(steps))


def test_a_receipt_reported_after_the_inspection_is_no_second_parcel(steps: Steps) -> None:
    steps.up_to("end_order").requests.open_return(steps.requested(lines={1: 2}))
    steps.record_return(steps.return_event("inspected", A_GOOD_LAMP))

    steps.record_return(steps.return_event("received", A_LAMP))

    assert goods_of(steps) == [(LAMP, "restock", 1)]
    assert attention(steps) is None


def test_goods_received_after_a_case_expired_are_stock_and_set_attention(steps: Steps) -> None:
    # given
    steps.up_to("end_order").requests.open_return(steps.requested())
    steps.returns.end_return(EndReturnRequest(steps.case, "expired", "the goods did not come in time"))

    # when
    status = steps.record_return(steps.return_event("received", A_LAMP))

    # then
    assert status == "expired"
    assert counters(steps.sessions, LAMP) == {"on_hand": 9, "quarantined": 1, "available": 8}
    assert "came when the case was paid or over" in str(attention(steps))


def another(steps: Steps, what: str, lines: list[dict[str, Any]]) -> tuple[str, str]:
    data = {"return_id": steps.case, "location_id": "HANGZHOU", "lines": lines}
    return steps.webhook("wms", f"return.{what}", steps.case, f"second {what}", **data)


def attention(steps: Steps) -> str | None:
    with steps.sessions() as session:
        return session.get_one(ReturnRow, steps.case).attention
