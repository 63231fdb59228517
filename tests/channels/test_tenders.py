"""What platforms say of several payments of one order becomes its tenders."""

from typing import Any

from integrations.channels import pos, taobao
from tests.channels.payloads import parsed


def said(order: Any) -> list[tuple[str, str, str, bool]]:
    return [(one.kind, one.reference, one.amount.text, one.collected) for one in order.tenders]


def test_the_balance_of_a_step_trade_is_a_tender_that_the_platform_has_not_collected() -> None:
    translated = taobao.translate(parsed("taobao", "quirky"))

    assert said(translated.order) == [("platform", "2889901234567890124:balance", "245.00", False)]
    assert translated.order.own_due.text == "50.00"
    assert translated.financial.part == translated.order.own_due


def test_a_step_trade_that_is_paid_in_full_has_no_tender() -> None:
    payload = parsed("taobao", "quirky")
    payload["trade_fullinfo_get_response"]["trade"] |= {"step_trade_status": "FRONT_PAID_FINAL_PAID"}

    assert said(taobao.translate(payload).order) == []


def test_each_tender_of_a_receipt_is_kept() -> None:
    tenders = [
        {"method": "cash", "reference": "", "amount": "100.00"},
        {"method": "gift_card", "reference": "GC-9", "amount": "60.00"},
        {"method": "points", "reference": "", "amount": "19.00"},
    ]
    translated = pos.translate(parsed("pos", "ordinary") | {"tenders": tenders})

    name = translated.order.channel_order_id
    assert said(translated.order) == [("platform", "GC-9", "60.00", True), ("platform", f"{name}:3", "19.00", True)]
    assert translated.order.own_due.text == "100.00"
