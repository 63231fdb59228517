"""`baton seed`: a small shop to play with: products, four locations, stock, terms, and API keys if there are none."""

import copy
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from commands.keys import create_key
from commands.seed_terms import set_sample_terms
from domain.stock.movements import Movement
from models.access import ApiKeyRow
from models.database import Sessions, open_database, sessions
from models.parameters import ParameterRow
from models.stock import LocationRow, ProductRow, StockMovementRow, StockRow
from record.stock import ledger
from settings import Settings


@dataclass(frozen=True)
class Shop:
    """Products and their stock: titles by SKU, locations, units by (sku, location)."""

    products: Mapping[str, str]
    locations: Iterable[Mapping[str, object]]
    stock: Mapping[tuple[str, str], int]


def _location(
    name: str, kind: str, title: str, country: str, province: str = "", at: tuple[float, float] | None = None
) -> Mapping[str, object]:
    latitude, longitude = at or (None, None)
    fields = {"location_id": name, "kind": kind, "name": title, "country": country, "province": province}
    return {**fields, "latitude": latitude, "longitude": longitude}


SHANGHAI, GUANGZHOU, LONDON, COVENT_GARDEN = "SHANGHAI", "GUANGZHOU", "LONDON", "COVENT-GARDEN"
LOCATIONS = (
    _location(SHANGHAI, "warehouse", "Shanghai warehouse", "CN", "上海市"),
    _location(GUANGZHOU, "warehouse", "Guangzhou warehouse", "CN", "广东省"),
    _location(LONDON, "warehouse", "London warehouse", "GB", at=(51.51, 0.05)),
    _location(COVENT_GARDEN, "store", "Store at Covent Garden", "GB", at=(51.512, -0.123)),
)
WAREHOUSES = (SHANGHAI, GUANGZHOU, LONDON)

PRODUCTS = {
    "ELEGANT-LAMP": "Elegant lamp",
    "TEA-SET": "Tea set for two",
    "WOOL-SCARF": "Wool scarf",
    "DESK-CLOCK": "Desk clock",
    "SILK-LANTERN": "Silk lantern, in Shanghai only",
    "BAMBOO-CHAIR": "Bamboo chair, in Guangzhou only",
    "MOON-CAKES": "Moon cakes, the last four boxes in two places",
    "FIRST-EDITION": "First edition, in the store only",
    "SHORT-PICK-VASE": "Vase of which the warehouse finds one too few",
    "PICK-REJECTED-MIRROR": "Mirror that the first warehouse does not pick",
    "LAST-PIANO": "Piano of which none is left",
}
EVERYWHERE = ("ELEGANT-LAMP", "TEA-SET", "WOOL-SCARF", "DESK-CLOCK", "PICK-REJECTED-MIRROR")
STOCK = {(sku, warehouse): 1000 for sku in EVERYWHERE for warehouse in WAREHOUSES} | {
    ("SILK-LANTERN", SHANGHAI): 200,
    ("BAMBOO-CHAIR", GUANGZHOU): 200,
    ("MOON-CAKES", SHANGHAI): 2,
    ("MOON-CAKES", GUANGZHOU): 2,
    ("FIRST-EDITION", COVENT_GARDEN): 20,
    ("SHORT-PICK-VASE", SHANGHAI): 2,
    ("SHORT-PICK-VASE", GUANGZHOU): 1000,
}
FROM_LONDON = {"DHL Express": ("62.00", "11.00", 1), "UPS": ("58.00", "12.00", 2)}
"""By carrier: the price of the first kilogram within the United Kingdom, that of each further one, and the days."""
SHOP = Shop(PRODUCTS, LOCATIONS, STOCK)

KEYS = (("staff", None), ("channel", "web"), ("channel", "tmall"), ("channel", "store-uk"))


def seed() -> None:
    """Stock the shop and make API keys; what exists already stays as it is."""
    engine = open_database(Settings().database_url)
    record = sessions(engine)
    with record.begin() as session:
        stocked = stock_shop(session, SHOP)
        set_sample_rates(session)
        set_sample_terms(session)
    print(f"{len(PRODUCTS)} products, {len(LOCATIONS)} locations, {stocked} units received")
    for name, key in first_keys(record).items():
        print(f"key of {name} (shown this once): {key}")
    engine.dispose()


def set_sample_rates(session: Session) -> None:
    """Add what parcels cost from London to the default freight rates; rates that somebody set stay as they are."""
    rows = session.scalars(select(ParameterRow).where(ParameterRow.name == "freight_rates")).all()
    if len(rows) != 1:
        return
    within = {"name": "within the UK", "from": ["GB"], "to": ["GB"], "first_grams": 1000, "step_grams": 1000}
    value = copy.deepcopy(rows[0].value)
    for carrier, (first, step, days) in FROM_LONDON.items():
        value[carrier]["zones"].insert(0, within | {"first": first, "step": step, "days": days})
    begins = rows[0].valid_from + timedelta(days=1)
    session.add(
        ParameterRow(name="freight_rates", value=value, valid_from=begins, source="the sample shop", set_by="seed")
    )
    session.flush()


def first_keys(record: Sessions) -> dict[str, str]:
    """Make keys for staff and each channel, and return them by name; empty if there is any key already."""
    with record() as session:
        if session.scalar(select(func.count()).select_from(ApiKeyRow)):
            return {}
    return {channel or role: create_key(record, channel or role, role, channel) for role, channel in KEYS}


def stock_shop(session: Session, shop: Shop) -> int:
    """Add missing products and locations, and missing stock through the ledger; return the units received."""
    products = [{"sku": sku, "title": title} for sku, title in shop.products.items()]
    session.execute(insert(ProductRow).on_conflict_do_nothing(), products)
    session.execute(insert(LocationRow).on_conflict_do_nothing(), list(shop.locations))
    goods = StockRow.sku.in_({sku for sku, _ in shop.stock})
    had = exists().where(StockMovementRow.sku == StockRow.sku, StockMovementRow.location_id == StockRow.location_id)
    known = {
        (sku, location)
        for sku, location in session.execute(select(StockRow.sku, StockRow.location_id).where(goods, had))
    }
    arriving = [
        Movement("received", sku, location, units)
        for (sku, location), units in shop.stock.items()
        if (sku, location) not in known and units
    ]
    ledger.post(session, arriving, None, "seed")
    return sum(movement.quantity for movement in arriving)
