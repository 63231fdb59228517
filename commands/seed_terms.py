"""The terms of the sample shop: who collects the money of an order, who buys on credit, what its store keeps."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.credit import CreditAccountRow
from models.goods import BufferRow
from models.parameters import ParameterRow
from record.orders.credit import set_account
from record.stock.buffers import save_buffer

PAYMENT_TERMS = {
    "web": {"credit_card": {"kind": "authorized"}},
    "app": {"wallet": {"kind": "platform", "refunds": "person"}},
    "till": {"*": {"kind": "platform", "refunds": "person"}},
    "*": {
        "cod": {"kind": "on_delivery", "areas": ["CN"], "most": {"CNY": "2000.00"}},
        "invoice": {"kind": "on_credit"},
    },
}
PRESALE = {"*": {"deposit": "forfeited", "stock": "kept", "grace_hours": 2}}
TERMS: Mapping[str, Any] = {"payment_terms": PAYMENT_TERMS, "presale": PRESALE}
CREDIT = {"HOTEL-7": ("CNY", 500_000, 14)}
"""By customer: the currency, how much may be owed in minor units, and the days until an invoice is due."""
SINCE = datetime(2020, 1, 1, tzinfo=UTC)
STORES_KEEP = {
    "kind": "store",
    "location_id": "",
    "sku": "",
    "goods_class": "",
    "units": 3,
    "percent": None,
    "valid_from": SINCE,
    "valid_to": None,
}
"""What stores keep from online sale of each SKU."""


def set_sample_terms(session: Session) -> None:
    """Set the terms; those that somebody set stay as they are."""
    source, by = "the sample shop", "seed"
    for name, value in TERMS.items():
        if not session.scalar(select(exists().where(ParameterRow.name == name))):
            session.add(ParameterRow(name=name, value=value, valid_from=SINCE, source=source, set_by=by))
    for customer_id, (currency, limit_minor, days) in CREDIT.items():
        if not session.get(CreditAccountRow, customer_id):
            set_account(session, customer_id, currency, limit_minor, days, by)
    if not session.get(BufferRow, "STORES"):
        save_buffer(session, "STORES", STORES_KEEP)
    session.flush()
