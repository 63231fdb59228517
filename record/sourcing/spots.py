"""Where receivers and locations are, as expressions of the statements that read them: no statement of their own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, literal_column
from sqlalchemy.dialects.postgresql import JSONB

from domain.geography import Spot

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
REGION_SPOT: ColumnElement[Any] = literal_column(f"({_REGION.format('locations')})", JSONB)
"""The same of a location, by its region, where `locations` are selected."""


def spot_of(found: Sequence[Any] | None) -> Spot | None:
    """Read what these expressions return."""
    return Spot((found[0], found[1]), found[2]) if found else None
