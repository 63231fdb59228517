"""Where receivers and locations are, as expressions of the statements that read them: no statement of their own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from domain.geography import Spot
from models.prepared import prepared

# The longest prefix of the postal code; then the city, in the region that is named or where most people live; then the
# region, or the country.
_POSTAL = """
    SELECT jsonb_build_array(latitude, longitude, 'postal') FROM postal_areas
    WHERE postal_areas.country = orders.country AND prefix = ANY(ARRAY(
        SELECT left(code, n)
        FROM upper(regexp_replace(orders.receiver->>'postal_code', '[[:space:]-]', '', 'g')) AS code,
             generate_series(1, least(length(code), 20)) AS n))
    ORDER BY length(prefix) DESC LIMIT 1
"""
_CITY = """
    SELECT jsonb_build_array(latitude, longitude, 'city') FROM geo_points
    WHERE geo_points.country = orders.country AND name <> '' AND name = lower(trim(orders.receiver->>'city'))
    ORDER BY region = lower(trim(orders.province)) DESC, population DESC LIMIT 1
"""
_REGION = """
    SELECT jsonb_build_array(latitude, longitude, 'region') FROM geo_points
    WHERE geo_points.country = {0}.country AND name = '' AND region IN ('', lower(trim({0}.province)))
    ORDER BY region DESC LIMIT 1
"""
RECEIVER_SPOT: ColumnElement[Any] = literal_column(
    f"coalesce(({_POSTAL}), ({_CITY}), ({_REGION.format('orders')}))", JSONB
)
"""`[latitude, longitude, what it was found by]` of an order's receiver, or null, where `orders` are selected."""
_OF_NOBODY = prepared(f"""
    SELECT coalesce(({_POSTAL}), ({_CITY}), ({_REGION.format("orders")})) FROM (
        SELECT CAST(:country AS text) AS country, CAST(:province AS text) AS province, jsonb_build_object(
            'city', CAST(:city AS text), 'postal_code', CAST(:postal_code AS text)) AS receiver) AS orders
""")
REGION_SPOT: ColumnElement[Any] = literal_column(f"({_REGION.format('locations')})", JSONB)
"""The same of a location, by its region, where `locations` are selected."""


def find_spot(session: Session, country: str, province: str, city: str, postal_code: str) -> Sequence[Any] | None:
    """Return what `RECEIVER_SPOT` would be of an order to this place."""
    where = {"country": country, "province": province, "city": city, "postal_code": postal_code}
    found: Sequence[Any] | None = session.scalar(_OF_NOBODY, where)
    return found


def spot_of(found: Sequence[Any] | None) -> Spot | None:
    """Read what these expressions return."""
    return Spot((found[0], found[1]), found[2]) if found else None
