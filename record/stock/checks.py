"""Checks that entered goods and places exist. They raise Mistake."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.stock import LocationRow, ProductRow
from record.stock.demand import bundles_now
from record.stock.mistakes import Mistake


def check_location(session: Session, field: str, location_id: str) -> None:
    if session.get(LocationRow, location_id) is None:
        raise Mistake(field, "there is no such location")


def check_goods(session: Session, skus: Iterable[str]) -> None:
    """Check the SKUs of the lines, in their sequence. Bundles have no stock of their own."""
    entered = list(skus)
    known = set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(entered))))
    bundles = bundles_now(session, entered)
    for index, sku in enumerate(entered):
        if sku not in known:
            raise Mistake(f"lines[{index}].sku", f"there is no product {sku}")
        if sku in bundles:
            raise Mistake(f"lines[{index}].sku", f"{sku} is a bundle; name its parts")
