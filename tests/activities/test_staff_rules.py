"""Rules of staff in the audit: holds, tags and instructions, once an order, by the version in force."""

import time
from dataclasses import replace

from sqlalchemy import select

from activities.audit import Audit, AuditRequest
from activities.audit_findings import AuditResult
from activities.holds import OpenHolds, Release
from activities.reserve import StockRequest
from models.order import AuditRow, HoldRow, OrderRow
from models.rules import RuleSetRow
from models.stock import ReservationRow
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.rules.versions import retire
from record.stock.receipts import receive_goods
from tests.activities.rule_sets import HELD, rules_in_force
from tests.activities.story import Steps
from tests.factories import LAMP, TEACUP, events_of, place_order, store_webhook


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def the_order(steps: Steps) -> OrderRow:
    with steps.sessions() as session:
        return session.get_one(OrderRow, steps.order_id)


def test_a_rule_holds_an_order_and_the_audit_keeps_the_version(steps: Steps) -> None:
    # given
    version = rules_in_force(steps.sessions, ("many-lamps", "order.units > 2", HELD))

    # when
    result = audited(steps)

    # then
    assert (result.verdict, result.open.codes) == ("hold", ["RULE:many-lamps"])
    with steps.sessions() as session:
        assert session.scalars(select(AuditRow.rule_set_id)).all() == [version]
        hold = session.scalars(select(HoldRow)).one()
        assert (hold.reason, hold.owner_role) == ("a person must look", "staff")


def test_a_released_hold_of_a_rule_is_not_raised_again(steps: Steps) -> None:
    rules_in_force(steps.sessions, ("many-lamps", "order.units > 2", HELD))
    audited(steps)
    steps.holds.release_hold(Release(steps.order_id, "RULE:many-lamps", "sun", "she called"))

    assert audited(steps, 2) == AuditResult("pass")


def test_holds_of_a_retired_rule_are_lifted_by_the_next_audit(steps: Steps) -> None:
    version = rules_in_force(steps.sessions, ("many-lamps", "order.units > 2", HELD))
    audited(steps)
    with steps.sessions.begin() as session:
        retire(session, session.get_one(RuleSetRow, version), "Lin of sales", "over")

    assert audited(steps, 2) == AuditResult("pass")


def test_a_failing_rule_holds_the_order_for_the_authors_of_rules(steps: Steps) -> None:
    rules_in_force(steps.sessions, ("broken", "1 / (order.units - 3) > 1", {"type": "tag", "tag": "vip"}))

    assert audited(steps).open.codes == ["RULE_FAILED"]
    with steps.sessions() as session:
        hold = session.scalars(select(HoldRow)).one()
        assert (hold.owner_role, hold.reason) == ("rules", "the rule broken failed: it divides by zero")


def test_a_rule_rejects_an_order_with_its_reason(steps: Steps) -> None:
    rules_in_force(steps.sessions, ("no-lamps", "true", {"type": "reject", "reason": "no lamps on Sundays"}))

    assert audited(steps) == AuditResult("reject", OpenHolds(), "no lamps on Sundays")


def test_tags_and_instructions_are_put_on_the_order_once(steps: Steps) -> None:
    # given
    rules_in_force(
        steps.sessions,
        ("tag", "true", {"type": "tag", "tag": "vip"}),
        ("carrier", "true", {"type": "set_carrier", "carrier": "SF Express"}),
        ("urgent", "true", {"type": "set_priority", "priority": 1}),
    )

    # when
    audited(steps)
    audited(steps, 2)

    # then
    order = the_order(steps)
    assert order.tags == ["vip"]
    assert order.instructions == {"carrier": "SF Express", "priority": 1}
    assert events_of(steps.sessions, steps.order_id).count("order.tagged") == 1


def test_a_new_version_is_loaded_only_after_the_cache_expires(steps: Steps) -> None:
    # given an audit that has cached that there are no rules
    patient = replace(
        steps, audit=Audit(steps.sessions, steps.audit.payments, ParameterCache(), StaffRules(Confined(), 0.5))
    )
    audited(patient)
    rules_in_force(patient.sessions, ("many-lamps", "order.units > 2", HELD))

    # when / then
    assert audited(patient, 2) == AuditResult("pass")
    time.sleep(0.5)
    assert audited(patient, 3).open.codes == ["RULE:many-lamps"]


def test_a_location_set_by_a_rule_ships_if_it_has_everything(steps: Steps) -> None:
    rules_in_force(steps.sessions, ("far", "true", {"type": "set_location", "location": "CHENGDU"}))
    lamps = replace(steps, order_id=place_order(steps.sessions, [(LAMP, 3)]), stored={})

    for each in (lamps, steps):
        audited(each)
        each.reserve.reserve_stock(StockRequest(each.order_id, 1))

    with steps.sessions() as session:
        where = {row.order_id: row.location_id for row in session.scalars(select(ReservationRow))}
    assert where == {lamps.order_id: "CHENGDU", steps.order_id: "HANGZHOU"}
    assert "sourcing.location_passed_over" in events_of(steps.sessions, steps.order_id)
    assert "sourcing.location_passed_over" not in events_of(steps.sessions, lamps.order_id)


def test_the_carrier_set_by_a_rule_is_booked(steps: Steps) -> None:
    rules_in_force(steps.sessions, ("carrier", "true", {"type": "set_carrier", "carrier": "YTO Express"}))
    steps.before("book_shipment")

    assert steps.ship.book_shipment(steps.step()).carrier == "YTO Express"


def test_an_arrival_wakes_the_order_of_the_lowest_priority_first(steps: Steps) -> None:
    # given two orders that wait, and the later one is urgent
    version = ("urgent", "order.units == 51", {"type": "set_priority", "priority": 1})
    rules_in_force(steps.sessions, version)
    waiting = [place_order(steps.sessions, [(TEACUP, units)]) for units in (50, 51)]
    for order_id in waiting:
        steps.audit.audit_order(AuditRequest(order_id, 1))
        steps.reserve.reserve_stock(StockRequest(order_id, 1))
    lines = [{"sku": TEACUP, "quantity": 200}]
    data = {"receipt_id": "RECEIPT-9", "location_id": "CHENGDU", "lines": lines}

    # when
    event = store_webhook(steps.sessions, "erp", "stock.received", "RECEIPT-9", **data)
    woken = receive_goods(steps.sessions, *event).woken

    # then
    with steps.sessions() as session:
        numbers = [session.get_one(OrderRow, order_id).channel_order_id for order_id in waiting]
    assert [number for _, number in woken] == numbers[::-1]
