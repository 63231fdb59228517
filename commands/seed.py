"""`baton seed`: a small shop to play with: products, three locations, stock, and a key for everybody."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from activities import ledger
from domain.stock import Movement
from models.database import open_database, sessions
from models.stock import LocationRow, ProductRow, StockMovementRow
from settings import Settings


@dataclass(frozen=True)
class Shop:
    """What is sold and where it lies: titles by SKU, locations, units by (sku, location)."""

    products: Mapping[str, str]
    locations: Iterable[Mapping[str, object]]
    stock: Mapping[tuple[str, str], int]


LOCATIONS = (
    {"location_id": "SHANGHAI", "kind": "warehouse", "name": "Shanghai warehouse", "country": "CN", "province": "上海"},
    {
        "location_id": "GUANGZHOU",
        "kind": "warehouse",
        "name": "Guangzhou warehouse",
        "country": "CN",
        "province": "广东",
    },
    {"location_id": "LONDON", "kind": "warehouse", "name": "London warehouse", "country": "GB", "province": ""},
)
PRODUCTS = {
    "ELEGANT-LAMP": "Elegant lamp",
    "TEA-SET": "Tea set for two",
    "WOOL-SCARF": "Wool scarf",
    "DESK-CLOCK": "Desk clock",
    "SHORT-PICK-VASE": "Vase of which the warehouse finds one too few",
    "PICK-REJECTED-MIRROR": "Mirror that the first warehouse does not pick",
    "LAST-PIANO": "Piano of which none is left",
}
STOCK = {(sku, location["location_id"]): 1000 for sku in PRODUCTS if sku != "LAST-PIANO" for location in LOCATIONS}
SHOP = Shop(PRODUCTS, LOCATIONS, STOCK)


def seed() -> None:
    """Stock the shop; what is there already stays as it is."""
    settings = Settings()
    engine = open_database(settings.database_url)
    record = sessions(engine)
    with record.begin() as session:
        stocked = stock_shop(session, SHOP)
    print(f"{len(PRODUCTS)} products, {len(LOCATIONS)} locations, {stocked} units received", flush=True)
    engine.dispose()


def stock_shop(session: Session, shop: Shop) -> int:
    """Add products, locations and stock that are missing, through the ledger; answers the units received."""
    products = [{"sku": sku, "title": title} for sku, title in shop.products.items()]
    session.execute(insert(ProductRow).on_conflict_do_nothing(), products)
    session.execute(insert(LocationRow).on_conflict_do_nothing(), list(shop.locations))
    known = {
        (row.sku, row.location_id)
        for row in session.execute(select(StockMovementRow.sku, StockMovementRow.location_id).distinct())
    }
    arriving = [
        Movement("received", sku, location, units)
        for (sku, location), units in shop.stock.items()
        if (sku, location) not in known and units
    ]
    ledger.post(session, arriving, None, "seed")
    return sum(movement.quantity for movement in arriving)
