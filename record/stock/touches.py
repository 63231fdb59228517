"""A product is looked at anew (record/stock/sweep.py): its alerts, what channels are told, and who waits for it."""

from sqlalchemy import insert
from sqlalchemy.orm import Session

from models.listing import StockTouchRow


def touch(session: Session, sku: str) -> None:
    """For changes that move no stock; movements leave this mark by themselves."""
    session.execute(insert(StockTouchRow).values(sku=sku, more=True))
