"""An order that changes while a step works on it: no result mixes old and new, and no unit is used twice."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from activities.allocate import Allocate
from activities.audit import Audit, AuditRequest
from activities.pick import Pick
from activities.reserve import StockRequest
from activities.withdraw import Withdrawal
from domain.money import Money
from domain.order import Address, Order
from integrations.payments import GatewayPayment, GatewayPaymentStatus
from models.database import Sessions
from models.fulfillment import FulfillmentOrderRow
from models.order import OrderRow
from record.order_mapping import ship_to
from record.orders.changes import merge
from record.orders.rows import new_order
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.shipping.fulfillment_orders import FulfillmentStep
from record.shipping.waves import release_wave
from record.sourcing.reconsider import WAITING, Reconsider
from tests.activities.story import Steps
from tests.factories import LAMP, TEACUP, an_order, events_of, fresh_outlooks, place_orders, stock_shop
from tests.waiting import until_waiting

PERSON = {"name": "Lin Xia", "phone": "+8613800138000"}
SHENZHEN = Address("CN", province="广东", city="深圳市", lines=("1 Lake Road",), **PERSON)
SHANGHAI = Address("CN", province="上海市", city="上海市", district="浦东新区", lines=("88 Century Avenue",), **PERSON)


class Gateway:
    """A gateway that runs `meanwhile` before each answer."""

    def __init__(self, meanwhile: Callable[[], None]) -> None:
        self.meanwhile = meanwhile

    def payment(self, reference: str) -> GatewayPayment:
        self.meanwhile()
        return GatewayPayment(reference, GatewayPaymentStatus.CAPTURED, Money(2799, "CNY"))


class Warehouse:
    """A warehouse that takes all work and runs `meanwhile` before each answer."""

    def __init__(self, meanwhile: Callable[[], object]) -> None:
        self.meanwhile = meanwhile
        self.asked: list[str] = []

    def pick(self, request: Any, key: str) -> str:
        self.asked.append(request["location_id"])
        self.meanwhile()
        return f"WMS-{key}"


def change(sessions: Sessions, order_id: str, order: Order, version: str = "2") -> None:
    """Merge a later state of the order that the channel sends."""
    with sessions.begin() as session:
        row = session.get_one(OrderRow, order_id, with_for_update=True)
        merge(session, row, order, new_order(order, "tmall", version), version)


def audit(sessions: Sessions, order_id: str, meanwhile: Callable[[], None] = lambda: None) -> str:
    gateway: Any = Gateway(meanwhile)
    step = Audit(sessions, gateway, ParameterCache(), StaffRules(Confined(), 0))
    return step.audit_order(AuditRequest(order_id, 1)).verdict


def test_an_address_changed_during_the_audit_is_judged_as_a_whole(sessions: Sessions) -> None:
    # given an order for Shenzhen whose address changes while the gateway is asked
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    order = an_order([(LAMP, 1)], ship_to=SHENZHEN)
    [order_id] = place_orders(sessions, [order])

    # when
    verdict = audit(sessions, order_id, lambda: change(sessions, order_id, replace(order, ship_to=SHANGHAI)))

    # then: the audit judged the new address, and nothing of the old one is sent
    with sessions() as session:
        row = session.get_one(OrderRow, order_id)
        sent, versions = ship_to(row), (row.version, row.judged_version)
    assert (sent["province"], sent["city"], sent["lines"]) == ("上海市", "上海市", ["88 Century Avenue"])
    assert (verdict, versions) == ("pass", (1, 1))


def test_an_incomplete_address_that_arrives_during_the_audit_is_held(sessions: Sessions) -> None:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    order = an_order([(LAMP, 1)], ship_to=SHENZHEN)
    [order_id] = place_orders(sessions, [order])
    nowhere = replace(order, ship_to=replace(SHANGHAI, lines=()))

    assert audit(sessions, order_id, lambda: change(sessions, order_id, nowhere)) == "hold"


def test_an_order_changed_after_its_audit_is_audited_again_before_allocation(sessions: Sessions) -> None:
    # given
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    order = an_order([(LAMP, 1)], ship_to=SHENZHEN)
    [order_id] = place_orders(sessions, [order])
    audit(sessions, order_id)
    change(sessions, order_id, replace(order, ship_to=SHANGHAI))

    # when
    first = Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, 1, judged=True))
    old = Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, 2))

    # then: a workflow that was started before orders had versions does not ask, and allocates as before
    assert (first.unjudged, first.work) == (True, [])
    assert old.work


def test_changes_by_our_own_steps_need_no_new_audit(steps: Steps) -> None:
    # given
    steps.up_to("reserve_stock")
    steps.requests.open_return(steps.requested(lines={1: 1}))

    # when
    answer = steps.withdraw.withdraw_lines(Withdrawal(steps.order_id, steps.case, "recalled"))

    # then
    assert answer.done
    with steps.sessions() as session:
        row = session.get_one(OrderRow, steps.order_id)
        assert (row.version, row.judged_version) == (1, 1)
    assert steps.allocate.allocate_stock(StockRequest(steps.order_id, 2, judged=True)).work


def test_an_address_changed_while_the_warehouse_is_asked_raises_an_alert(sessions: Sessions) -> None:
    # given: such as a parcel of the same order that the carrier takes to another address
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    [order_id] = place_orders(sessions, [an_order([(LAMP, 1)])], "accepted")
    [work] = Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, 1)).work

    def move() -> None:
        with sessions.begin() as session:
            session.execute(text("UPDATE orders SET province = 'Sichuan', version = version + 1"))

    # when
    warehouse: Any = Warehouse(move)
    answer = Pick(sessions, warehouse).release_to_pick(FulfillmentStep(order_id, work.fulfillment_order_id))

    # then
    assert answer.status == "released"
    assert events_of(sessions, order_id)[-1] == "alert.raised"


@pytest.mark.parametrize("first", ["allocation", "withdrawal"])
def test_withdrawn_units_are_not_allocated_too(first: str, steps: Steps) -> None:
    """Both steps read what is still to be sent, so the later one waits for the earlier one."""
    # given: a transaction locks a row that the first step needs, so that it stops halfway
    steps.up_to("reserve_stock")
    steps.requests.open_return(steps.requested(lines={1: 2, 2: 1}))
    holder = steps.sessions()
    what = "stock WHERE sku = :sku" if first == "allocation" else "returns WHERE :sku <> ''"
    holder.execute(text(f"SELECT FROM {what} FOR UPDATE"), {"sku": LAMP})
    answers = dict[str, Any]()

    def allocate() -> None:
        answers["allocation"] = steps.allocate.allocate_stock(StockRequest(steps.order_id, 2))

    def withdraw() -> None:
        withdrawal = Withdrawal(steps.order_id, steps.case, "recalled")
        answers["withdrawal"] = steps.withdraw.withdraw_lines(withdrawal)

    # when
    both = [threading.Thread(target=allocate), threading.Thread(target=withdraw)]
    for number, thread in enumerate(both if first == "allocation" else reversed(both), 1):
        thread.start()
        until_waiting(steps.sessions, number)
    holder.rollback()
    for thread in both:
        thread.join()

    # then
    sent, given_back = bool(answers["allocation"].work), answers["withdrawal"].done
    assert (sent, given_back) == ((True, False) if first == "allocation" else (False, True))


def test_work_whose_warehouse_is_being_asked_is_not_moved(sessions: Sessions) -> None:
    # given: work that waits for a wave, and a better location for it, so that it is due to be reconsidered
    stock_shop(sessions, {"CHENGDU": {LAMP: 10, TEACUP: 10}, "HANGZHOU": {TEACUP: 10}})
    [order_id] = place_orders(sessions, [an_order([(LAMP, 2)])], "accepted")
    [work] = Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, 1)).work
    name = work.fulfillment_order_id
    with sessions.begin() as session:
        session.execute(text("UPDATE fulfillment_orders SET wave_at = now() + interval '1 h', wave_after = wave_at"))
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    with sessions() as session:
        assert session.scalars(WAITING, {"after": "", "at_once": 9}).all() == [name]

    # when staff release the wave, and the work is reconsidered while the warehouse is asked
    with sessions.begin() as session:
        release_wave(session, "CHENGDU", "sun")
    reconsider = Reconsider(sessions, fresh_outlooks(0))
    warehouse: Any = Warehouse(lambda: reconsider._reconsider(name))
    answer = Pick(sessions, warehouse).release_to_pick(FulfillmentStep(order_id, name))

    # then
    assert (answer.status, warehouse.asked) == ("released", ["CHENGDU"])
    with sessions() as session:
        assert session.get_one(FulfillmentOrderRow, name).status == "released"


def test_work_moved_before_its_release_is_not_sent_to_the_warehouse(sessions: Sessions) -> None:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10}})
    [order_id] = place_orders(sessions, [an_order([(LAMP, 2)])], "accepted")
    [work] = Allocate(sessions, fresh_outlooks()).allocate_stock(StockRequest(order_id, 1)).work
    with sessions.begin() as session:
        session.execute(text("UPDATE fulfillment_orders SET status = 'canceled'"))

    warehouse: Any = Warehouse(lambda: None)
    answer = Pick(sessions, warehouse).release_to_pick(FulfillmentStep(order_id, work.fulfillment_order_id))

    assert (answer.status, warehouse.asked) == ("canceled", [])
