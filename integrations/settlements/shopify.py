"""Shopify Payments: the export of a payout's transactions, one row for each charge, refund or adjustment with its fee.

What the customer paid is the presentment amount; the payout's currency may be another one. Source of the column names:
the help pages on exporting payouts (help.shopify.com). The order is known by its checkout, or by its number.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from domain.money import Money
from domain.settlements import RowKind, SettledAmount
from integrations.settlements.reading import Format, SettledRow

KINDS: Mapping[str, RowKind] = {
    "charge": RowKind.SALE,
    "refund": RowKind.REFUND,
    "refund_failure": RowKind.REFUND,
    "chargeback": RowKind.DISPUTE,
    "dispute": RowKind.DISPUTE,
    "chargeback won": RowKind.DISPUTE,
    "reserve": RowKind.RESERVE,
    "reserved_funds": RowKind.RESERVE,
    "payout": RowKind.TRANSFER,
}


def _read(row: SettledRow) -> Iterator[SettledAmount]:
    currency, word = row.need("Currency"), row.need("Type").casefold()
    paid_out = row.need_money("Amount", currency)
    amount: Money = paid_out
    if row.text("Presentment Amount") and (shown := row.text("Presentment Currency")):
        amount = row.money("Presentment Amount", shown)
        # The export has presentment amounts of refunds without a sign.
        if (amount.minor_units < 0) != (paid_out.minor_units < 0):
            amount *= -1
    kind = KINDS.get(word, RowKind.OTHER)
    about = SettledAmount(
        kind,
        amount,
        order=row.text("Order").removeprefix("#"),
        payment=row.text("Checkout").removeprefix("#"),
        fee=word if kind is RowKind.OTHER else "",
        payout=paid_out,
        at=row.time("Transaction Date", "UTC", "%Y-%m-%d %H:%M:%S %z", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S%z"),
        reference=row.text("Payout Date"),
    )
    yield about
    fee = row.money("Fee", currency) * -1
    yield replace(about, kind=RowKind.FEE, amount=fee, payout=fee, fee=word)


SHOPIFY = Format("shopify", ("Transaction Date", "Type", "Order", "Amount", "Fee", "Net", "Currency"), _read)
