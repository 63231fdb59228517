"""Settlements in Baton's own format (docs/partners.md): one amount in each row, signed from our side."""

from collections.abc import Iterator

from domain.money import Money
from domain.settlements import RowKind, SettledAmount
from integrations.settlements.reading import BrokenRow, Format, SettledRow


def _read(row: SettledRow) -> Iterator[SettledAmount]:
    try:
        kind = RowKind(row.need("kind"))
    except ValueError:
        raise BrokenRow("kind", "is not a known one") from None
    if kind is RowKind.BROKEN:
        raise BrokenRow("kind", "is not a known one")
    payout: Money | None = None
    if row.text("payout_amount"):
        payout = row.money("payout_amount", row.need("payout_currency"))
    yield SettledAmount(
        kind,
        row.need_money("amount", row.need("currency")),
        order=row.text("order"),
        payment=row.text("payment"),
        fee=row.text("fee"),
        payout=payout,
        rate=row.rate("rate"),
        at=row.time("at", "UTC"),
        reference=row.text("reference"),
    )


PLAIN = Format("plain", ("kind", "order", "amount", "currency"), _read)
