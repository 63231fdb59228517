"""Carriers: what each takes, in whose words it is booked and what it asks; a shipment's parcels, price and label"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ALWAYS, DEFAULT = datetime(2000, 1, 1, tzinfo=UTC), "Baton's default: set your own"
FAR = ["CN/新疆维吾尔自治区", "CN/西藏自治区", "CN/青海省", "CN/内蒙古自治区"]
NEAR_ABROAD = ["HK", "MO", "TW"]


def _carrier(countries: list[str], max_kg: int, by: str, dangerous: list[str]) -> dict[str, Any]:
    return {
        "countries": countries,
        "refused_provinces": [],
        "dangerous_goods": dangerous,
        "channels": ["*"],
        "max_grams": max_kg * 1_000,
        "by": by,
    }


def _zone(name: str, to: list[str], first: tuple[int, str], step: tuple[int, str], days: int) -> dict[str, Any]:
    return {
        "name": name,
        "from": ["*"] if "*" in to else ["CN"],
        "to": to,
        "first_grams": first[0],
        "first": first[1],
        "step_grams": step[0],
        "step": step[1],
        "days": days,
    }


def _rates(divisor: int, *zones: dict[str, Any]) -> dict[str, Any]:
    return {"currency": "CNY", "divisor": divisor, "zones": list(zones)}


CARRIERS = {
    "SF Express": _carrier(["CN", *NEAR_ABROAD], 100, "sf", ["lithium_battery"]),
    "JD Logistics": _carrier(["CN"], 50, "jd", ["lithium_battery"]),
    "YTO Express": _carrier(["CN"], 50, "tms", []),
    "DHL Express": _carrier(["*"], 70, "dhl", []),
    "UPS": _carrier(["*"], 70, "tms", []),
}
RATES = {
    "SF Express": _rates(
        6_000,
        _zone("same province", ["="], (1_000, "13.00"), (1_000, "2.00"), 1),
        _zone("far away", FAR, (1_000, "26.00"), (1_000, "21.00"), 4),
        _zone("across the country", ["CN"], (1_000, "18.00"), (1_000, "7.00"), 2),
        _zone("Hong Kong, Macau, Taiwan", NEAR_ABROAD, (1_000, "32.00"), (1_000, "16.00"), 3),
    ),
    "JD Logistics": _rates(
        8_000,
        _zone("same province", ["="], (1_000, "11.00"), (1_000, "2.00"), 1),
        _zone("far away", FAR, (1_000, "24.00"), (1_000, "18.00"), 5),
        _zone("across the country", ["CN"], (1_000, "19.00"), (1_000, "6.00"), 3),
    ),
    "YTO Express": _rates(
        8_000,
        _zone("same province", ["="], (1_000, "12.00"), (1_000, "2.50"), 2),
        _zone("far away", FAR, (1_000, "28.00"), (1_000, "18.00"), 7),
        _zone("across the country", ["CN"], (1_000, "18.50"), (1_000, "5.00"), 4),
    ),
    "DHL Express": _rates(5_000, _zone("worldwide", ["*"], (500, "180.00"), (500, "48.00"), 4)),
    "UPS": _rates(5_000, _zone("worldwide", ["*"], (500, "190.00"), (500, "50.00"), 5)),
}


def upgrade() -> None:
    _add_to_shipments()
    _set_parameters()


def _add_to_shipments() -> None:
    op.add_column("shipments", sa.Column("service", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("shipments", sa.Column("cost_minor", sa.Integer(), nullable=True))
    op.add_column("shipments", sa.Column("cost_currency", sa.Text(), nullable=True))
    op.add_column("shipments", sa.Column("label_prints", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.execute("CREATE SEQUENCE sscc_serial")
    op.create_table(
        "shipment_parcels",
        sa.Column("sscc", sa.Text(), nullable=False),
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("number", sa.SmallInteger(), nullable=False),
        sa.Column("weight_grams", sa.Integer(), nullable=False),
        sa.Column("length_mm", sa.Integer(), nullable=True),
        sa.Column("width_mm", sa.Integer(), nullable=True),
        sa.Column("height_mm", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("sscc", name=op.f("pk_shipment_parcels")),
        sa.ForeignKeyConstraint(
            ["shipment_id"], ["shipments.shipment_id"], name=op.f("fk_shipment_parcels_shipment_id_shipments")
        ),
        sa.UniqueConstraint("shipment_id", "number", name=op.f("uq_shipment_parcels_shipment_id_number")),
    )
    op.create_table(
        "bookings",
        sa.Column("shipment_id", sa.Text(), nullable=False),
        sa.Column("offers", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("asked", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("refusals", postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("shipment_id", name=op.f("pk_bookings")),
    )


def _set_parameters() -> None:
    parameters = sa.table(
        "parameters",
        sa.column("name", sa.Text()),
        sa.column("valid_from", sa.DateTime(timezone=True)),
        sa.column("value", postgresql.JSONB(astext_type=sa.Text())),
        sa.column("source", sa.Text()),
        sa.column("set_by", sa.Text()),
    )
    op.bulk_insert(
        parameters,
        [
            {"name": name, "valid_from": ALWAYS, "value": value, "source": DEFAULT, "set_by": "baton"}
            for name, value in (("carriers", CARRIERS), ("freight_rates", RATES))
        ],
    )
