"""Settlements: a file is taken once, goes on where it was interrupted, and only what it does not explain differs."""

from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select, text

from domain.settlements import NotASettlement
from models.database import Sessions
from models.order import OrderRow
from models.payment import MoneyMovementRow, PaymentRow, TenderRow
from models.settlements import SettledAmountRow, SettlementRow
from models.statements import PartnerDifferenceRow
from record.comparing import settlement_files
from record.comparing.settlement_files import SettlementFile, TakenOtherwise, take
from tests.factories import CHANNEL, place_order

SHARED: dict[str, Any] = {"payment_reference": "BOTH", "shared_payment": True}
HEADING = "kind,order,payment,fee,amount,currency,payout_amount,payout_currency,rate,at,reference\n"


def paid(sessions: Sessions, name: str, captured: int, refunded: int = 0, **changes: str) -> str:
    order_id = place_order(sessions, channel_order_id=name, **changes)
    with sessions.begin() as session:
        for kind, minor in (("captured", captured), ("refunded", refunded)):
            if minor:
                money = {"amount_minor": minor, "currency": "CNY", "gateway_reference": name}
                session.add(MoneyMovementRow(order_id=order_id, kind=kind, key=f"{order_id}:{kind}", **money))
    return order_id


def file(*lines: str, channel: str = CHANNEL, form: str = "plain") -> SettlementFile:
    return SettlementFile(BytesIO((HEADING + "\n".join(lines) + "\n").encode()), form, channel, "sun")


def sale(name: str, amount: str, **more: str) -> str:
    cells = {"kind": "sale", "order": name, "amount": amount, "currency": "CNY"} | more
    return ",".join(cells.get(column, "") for column in HEADING.strip().split(","))


def differences(sessions: Sessions) -> set[tuple[str, str, str, str]]:
    D = PartnerDifferenceRow
    with sessions() as session:
        rows = session.scalars(select(D).where(D.gone_at.is_(None)))
        return {(one.subject, one.kind, one.ours, one.theirs) for one in rows}


def test_what_fees_reserves_and_payouts_explain_is_no_difference(stocked: Sessions) -> None:
    # given
    order_id = paid(stocked, "TM-1", 27_900, 7_900)

    # when
    take(
        stocked,
        file(
            sale("TM-1", "279.00", payout_amount="38.99", payout_currency="USD", rate="0.13976"),
            sale("TM-1", "-79.00", kind="refund", payout_amount="-11.04", payout_currency="USD", rate="0.13976"),
            sale("TM-1", "-13.95", kind="fee", fee="commission", payout_amount="-1.95", payout_currency="USD"),
            sale("", "-10.00", kind="reserve", payout_amount="-1.40", payout_currency="USD"),
            sale("", "-176.05", kind="transfer", payout_amount="-24.60", payout_currency="USD"),
        ),
    )

    # then
    assert differences(stocked) == set()
    with stocked() as session:
        assert session.scalars(select(SettledAmountRow.order_id).where(SettledAmountRow.kind == "sale")).all() == [
            order_id
        ]


@pytest.mark.parametrize("by", ["gateway", "platform"])
def test_tenders_and_links_are_compared_where_whoever_collects_the_order_has_them(stocked: Sessions, by: str) -> None:
    # given an order paid by its own payment, a second card, points of its channel, a gift card of ours and a link
    order_id = paid(stocked, "TM-1", 10_000, payment_reference="OWN")
    parts = {"CARD": ("gateway", 2_000), "POINTS": ("platform", 300), "cr_1": ("gift_card", 40), "LINK": ("", 5)}
    with stocked.begin() as session:
        session.get_one(OrderRow, order_id).payment_terms = "platform" if by == "platform" else ""
        for number, (reference, (kind, minor)) in enumerate(parts.items(), 1):
            about = {"order_id": order_id, "amount_minor": minor}
            if kind:
                session.add(TenderRow(tender_no=number, kind=kind, reference=reference, **about))
            else:
                session.add(PaymentRow(reference=reference, order_id=order_id))
            money = {"currency": "CNY", "gateway_reference": reference, "key": f"{order_id}:captured@{reference}"}
            session.add(MoneyMovementRow(kind="captured", **about, **money))

    # when the one who collects pays out
    theirs = [("OWN", "100.00"), ("CARD", "20.00"), ("LINK", "0.05")]
    rows = [sale("", minor, payment=name) for name, minor in theirs] if by == "gateway" else [sale("TM-1", "103.00")]
    take(stocked, file(*rows))

    # then nothing differs
    assert differences(stocked) == set()


def test_only_what_is_not_explained_differs_by_kind_and_is_gone_with_the_next_file(stocked: Sessions) -> None:
    # given
    one, two, three = (paid(stocked, name, 27_900) for name in ("TM-1", "TM-2", "TM-3"))

    # when
    settlement_id = take(
        stocked,
        file(
            sale("TM-1", "200.00"),
            sale("TM-2", "279.00"),
            sale("TM-2", "-1.00", kind="refund"),
            sale("TM-3", "279.00", payout_amount="40.00", payout_currency="USD", rate="0.13976"),
            sale("TM-9", "5.00"),
            sale("", "-800.00", kind="transfer"),
            sale("TM-1", "a lot"),
        ),
    )

    # then
    assert differences(stocked) == {
        (one, "amount_differs", "279.00 CNY", "200.00 CNY"),
        (f"{two}/refund", "amount_differs", "0.00 CNY", "1.00 CNY"),
        (f"{three}/rate", "amount_differs", "", "the payout is not the amount at its rate"),
        ("unknown/TM-9", "unknown_here", "", "5.00 CNY"),
        (f"transfer/{settlement_id}", "amount_differs", "483.00 CNY", "800.00 CNY"),
    }
    with stocked() as session:
        row = session.get_one(SettlementRow, settlement_id)
        assert (row.state, row.rows, row.broken) == ("done", 7, 1)
        broken = select(SettledAmountRow.row_no, SettledAmountRow.problem).where(SettledAmountRow.kind == "broken")
        assert [tuple(found) for found in session.execute(broken)] == [(7, "amount: is no amount of its currency")]

    # and the rest of a sale in the next file ends its difference
    take(stocked, file(sale("TM-1", "79.00")))
    assert one not in {subject for subject, *_ in differences(stocked)}


def test_a_sale_that_no_file_names_for_too_long_is_missing(stocked: Sessions) -> None:
    # given a channel whose files began two months ago, and two sales since
    late, new = paid(stocked, "TM-1", 27_900), paid(stocked, "TM-2", 100)
    take(stocked, file(sale("", "-1.00", kind="other")))
    with stocked.begin() as session:
        session.execute(text("UPDATE settlements SET received_at = now() - interval '60 days'"))
        session.execute(text("UPDATE orders SET payment_terms = 'platform'"))
        session.execute(
            text("UPDATE money_movements SET at = now() - interval '50 days' WHERE order_id = :id"), {"id": late}
        )

    # when
    take(stocked, file(sale("", "-2.00", kind="other")))

    # then
    assert differences(stocked) == {(late, "missing_there", "279.00 CNY", "")}
    assert new


def test_a_file_is_taken_once_and_goes_on_where_it_was_interrupted(
    stocked: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a file that is interrupted after its first batch
    monkeypatch.setattr(settlement_files, "AT_ONCE", 10)
    lines = [sale(f"TM-{number}", "1.00") for number in range(25)]

    def interrupt(rows: int) -> None:
        if rows == 10:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take(stocked, file(*lines), interrupt)

    # when it is sent again, and again
    first, again = take(stocked, file(*lines)), take(stocked, file(*lines))

    # then
    with stocked() as session:
        [row] = session.scalars(select(SettlementRow))
        numbers = sorted(session.scalars(select(SettledAmountRow.row_no)))
    assert first == again == row.settlement_id
    assert (row.state, row.rows, numbers) == ("done", 25, list(range(1, 26)))
    with pytest.raises(TakenOtherwise):
        take(stocked, file(*lines, channel="other"))


def test_a_file_of_another_format_leaves_nothing(stocked: Sessions) -> None:
    with pytest.raises(NotASettlement):
        take(stocked, file(sale("TM-1", "1.00"), form="amazon"))
    with stocked() as session:
        assert session.scalars(select(SettlementRow)).all() == []


def test_a_file_of_too_many_lines_leaves_nothing(stocked: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settlement_files, "MAX_LINES", 3)
    take(stocked, file(sale("TM-1", "1.00"), sale("TM-2", "1.00")))
    with pytest.raises(NotASettlement, match="split it"):
        take(stocked, file(*[sale("TM-3", "1.00")] * 3))
    with stocked() as session:
        assert [row.rows for row in session.scalars(select(SettlementRow))] == [2]


def test_an_order_is_known_by_its_payment_before_its_number(stocked: Sessions) -> None:
    # given two channels with the same number of an order
    mine = place_order(stocked, channel_order_id="TM-1", payment_reference="ALI-7")
    place_order(stocked, channel_order_id="TM-1", channel="jd")

    # and a payment that two orders share
    shared = [place_order(stocked, channel_order_id=f"TM-{n}", **SHARED) for n in (2, 3)]

    # when
    own = sale("TM-1", "2.00", payment="ALI-7")
    of_both = [sale(name, "1.00", payment="BOTH") for name in ("TM-2", "TM-3", "")]
    take(stocked, file(sale("TM-1", "1.00"), own, *of_both, channel=""))

    # then the number alone says nothing, nor does what is paid for two
    with stocked() as session:
        known = session.execute(select(SettledAmountRow.row_no, SettledAmountRow.order_id)).all()
    assert dict(known) == {1: None, 2: mine, 3: shared[0], 4: shared[1], 5: None}
