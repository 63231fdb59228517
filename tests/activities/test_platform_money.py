"""Money that the channel collects itself: its word is the payment, and the gateway is never asked."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from activities.audit import AuditRequest
from activities.audit_findings import AuditResult
from commands.parameters import set_parameter
from domain.money import Money
from models.order import OrderRow
from models.payment import MoneyMovementRow
from tests.activities.story import Steps
from tests.factories import LAMPS_AND_CUP, place_order

TERMS = {"tmall": {"*": {"kind": "platform"}}}
NOBODYS = "NOT-OF-THE-GATEWAY-DECLINED"


@pytest.fixture
def platform(steps: Steps) -> Steps:
    set_parameter(steps.sessions, "payment_terms", TERMS, datetime(2020, 1, 1, tzinfo=UTC), None, "a contract", "sun")
    return steps


def placed(steps: Steps, collected: int | None) -> Steps:
    money = None if collected is None else Money(collected, "CNY")
    order_id = place_order(steps.sessions, LAMPS_AND_CUP, payment_reference=NOBODYS, collected=money)
    return replace(steps, order_id=order_id, stored={})


def audited(steps: Steps, revision: int = 1) -> AuditResult:
    return steps.audit.audit_order(AuditRequest(steps.order_id, revision))


def test_the_word_of_the_channel_is_the_payment(platform: Steps) -> None:
    # given
    paid = placed(platform, 6797)

    # when
    result = audited(paid)

    # then
    assert result == AuditResult("pass")
    with paid.sessions() as session:
        movement = session.scalars(select(MoneyMovementRow)).one()
        assert (movement.kind, movement.amount_minor, movement.gateway_reference) == ("captured", 6797, NOBODYS)
        assert session.get_one(OrderRow, paid.order_id).payment_terms == "platform"


@pytest.mark.parametrize(("collected", "code"), [(None, "PAYMENT"), (2000, "PAYMENT_AMOUNT")])
def test_what_it_has_not_collected_holds_the_order(collected: int | None, code: str, platform: Steps) -> None:
    assert audited(placed(platform, collected)).open.codes == [code]
