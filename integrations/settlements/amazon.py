"""Amazon: the settlement report in its flat file V2 (GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2), tab-separated.

One amount in each row, of a transaction, an order and a kind; the first row has the total of the transfer. Source of
the column names: the SP-API documentation of settlement reports (developer-docs.amazon.com).
"""

from collections.abc import Iterator

from domain.settlements import RowKind, SettledAmount
from integrations.settlements.reading import Format, SettledRow

RESERVES = ("Current Reserve Amount", "Previous Reserve Amount Balance")
DISPUTES = ("Chargeback Refund", "A-to-z Guarantee Refund")
TIMES = ("%Y-%m-%d %H:%M:%S UTC", "%d.%m.%Y %H:%M:%S UTC", "%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%d", "%d.%m.%Y")


def _read(row: SettledRow) -> Iterator[SettledAmount]:
    currency = row.need("currency")
    if row.text("total-amount"):
        total = row.money("total-amount", currency) * -1
        at = row.time("deposit-date", "UTC", *TIMES)
        yield SettledAmount(RowKind.TRANSFER, total, at=at, reference=row.text("settlement-id"))
    if not row.text("transaction-type"):
        return
    kind = _kind(row)
    yield SettledAmount(
        kind,
        row.need_money("amount", currency),
        order=row.text("order-id"),
        fee=row.text("amount-description") if kind in (RowKind.FEE, RowKind.OTHER) else "",
        at=row.time("posted-date-time", "UTC", *TIMES) or row.time("posted-date", "UTC", *TIMES),
        reference=row.text("settlement-id"),
    )


def _kind(row: SettledRow) -> RowKind:
    transaction, sort, what = row.text("transaction-type"), row.text("amount-type"), row.text("amount-description")
    if what in RESERVES:
        return RowKind.RESERVE
    if transaction in DISPUTES:
        return RowKind.DISPUTE
    if sort in ("ItemPrice", "Promotion"):
        return RowKind.SALE if transaction == "Order" else RowKind.REFUND
    if sort in ("ItemFees", "ItemWithheldTax", "CostOfAdvertising") or "Fee" in f"{sort} {transaction} {what}":
        return RowKind.FEE
    return RowKind.OTHER


AMAZON = Format(
    "amazon",
    (
        "settlement-id",
        "total-amount",
        "currency",
        "transaction-type",
        "order-id",
        "amount-type",
        "amount-description",
        "amount",
    ),
    _read,
    delimiter="\t",
)
