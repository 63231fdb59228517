"""Marks for the sweep of changed stock (record/stock/sweep.py)."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.listing import StockTouchRow


def touch(session: Session, sku: str) -> None:
    """Mark a SKU after a change that moves no stock; movements mark theirs by themselves."""
    session.execute(insert(StockTouchRow).values(sku=sku, more=True))
