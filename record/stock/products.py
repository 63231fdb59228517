"""Save products: their columns, the parts of a bundle, and their substitutes.

Functions here raise Mistake; then the caller must roll back.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from domain.bundles import Parts
from models.goods import ProductPartRow, ProductSubstituteRow
from models.stock import ProductRow, StockRow
from record.stock.demand import bundles_now
from record.stock.mistakes import Mistake
from record.stock.touches import touch


def save_product(session: Session, sku: str, changes: Mapping[str, Any]) -> None:
    """Add a product, or change these columns of an existing one. A new one needs a title."""
    if "title" not in changes and session.get(ProductRow, sku) is None:
        raise Mistake("title", "a new product needs one")
    if not changes:
        return
    row = insert(ProductRow).values(sku=sku, **changes)
    session.execute(row.on_conflict_do_update(index_elements=["sku"], set_=dict(changes)))
    # Its threshold or what channels are shown of it may have changed.
    touch(session, sku)


def set_parts(session: Session, sku: str, parts: Parts) -> None:
    """Make the product a bundle of these parts from now on, or no bundle when there are no parts.

    Orders received before keep the parts that were valid then.
    """
    _lock(session, [sku, *parts])
    if bundles_now(session, [sku]).get(sku, {}) == dict(parts):
        return
    _check_parts(session, sku, parts)
    # Not the transaction's own time, so that two changes in one file have different times.
    moment = session.scalar(select(func.clock_timestamp()))
    valid = ProductPartRow.bundle_sku == sku, ProductPartRow.valid_to.is_(None)
    session.execute(update(ProductPartRow).where(*valid).values(valid_to=moment))
    session.add_all(
        ProductPartRow(bundle_sku=sku, part_sku=part, quantity=quantity, valid_from=moment)
        for part, quantity in parts.items()
    )
    session.flush()


def set_substitutes(session: Session, sku: str, substitutes: Sequence[str]) -> None:
    """Set what may be sent instead, the best first; an empty list for nothing."""
    _lock(session, [sku, *substitutes])
    known = _known(session, substitutes)
    for index, substitute in enumerate(substitutes):
        if substitute == sku or substitute in substitutes[:index]:
            raise Mistake(f"substitutes[{index}]", "it is the product itself, or it is named before")
        if substitute not in known:
            raise Mistake(f"substitutes[{index}]", "there is no such product")
    session.execute(delete(ProductSubstituteRow).where(ProductSubstituteRow.sku == sku))
    session.add_all(
        ProductSubstituteRow(sku=sku, rank=rank, substitute_sku=substitute)
        for rank, substitute in enumerate(substitutes, 1)
    )
    session.flush()


def substitutes_of(session: Session, skus: Sequence[str]) -> dict[str, list[str]]:
    """Return what may be sent instead of each SKU, the best first; SKUs without substitutes are absent."""
    ranked = select(ProductSubstituteRow).where(ProductSubstituteRow.sku.in_(skus))
    found: dict[str, list[str]] = {}
    for row in session.scalars(ranked.order_by(ProductSubstituteRow.sku, ProductSubstituteRow.rank)):
        found.setdefault(row.sku, []).append(row.substitute_sku)
    return found


def _check_parts(session: Session, sku: str, parts: Parts) -> None:
    if not parts:
        return
    known, bundles = _known(session, list(parts)), bundles_now(session, parts)
    for index, part in enumerate(parts):
        if part == sku:
            raise Mistake(f"parts[{index}].sku", "a bundle is no part of itself")
        if part not in known:
            raise Mistake(f"parts[{index}].sku", "there is no such product")
        if part in bundles:
            raise Mistake(f"parts[{index}].sku", "it is a bundle; name its parts instead")
    part_of = select(ProductPartRow.bundle_sku).where(ProductPartRow.part_sku == sku, ProductPartRow.valid_to.is_(None))
    if outer := session.scalar(part_of.limit(1)):
        raise Mistake("parts", f"the product is a part of {outer}, so it can be no bundle")
    lying = select(StockRow.location_id).where(StockRow.sku == sku, StockRow.on_hand > 0)
    if place := session.scalar(lying.limit(1)):
        raise Mistake("parts", f"the product itself lies at {place}; a bundle has no stock of its own")


def _known(session: Session, skus: Sequence[str]) -> set[str]:
    return set(session.scalars(select(ProductRow.sku).where(ProductRow.sku.in_(skus))))


def _lock(session: Session, skus: Sequence[str]) -> None:
    """Lock the products, so that one change of bundles and parts is made at a time; always in the same order."""
    wanted = select(ProductRow.sku).where(ProductRow.sku.in_(skus)).order_by(ProductRow.sku)
    session.execute(wanted.with_for_update(key_share=True)).all()
