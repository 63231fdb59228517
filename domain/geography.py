"""Points on the Earth: where a receiver is taken to be, the middle of several places, and names to compare them by."""

import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from math import asin, atan2, cos, degrees, hypot, radians, sin

Point = tuple[float, float]
"""Latitude and longitude in degrees, WGS 84."""
POSTAL, CITY, REGION, ASSUMED = "postal", "city", "region", "assumed"
"""What a distance was measured by: a postal area, a city, a region or country; or nothing was known."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A receiver's point, and what it was found by."""

    point: Point
    by: str


def folded(name: str) -> str:
    """The name as it is compared: in lower case, with single blanks."""
    return " ".join(name.lower().split())


def spellings(name: str) -> set[str]:
    """The folded name, with and without its accents."""
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))
    return {folded(one) for one in (name, plain)} - {""}


def postal_prefix(text: str) -> str:
    """A postal code or the beginning of one as it is compared: in capitals, without blanks and dashes."""
    return "".join(text.upper().replace("-", "").split())


def middle(places: Iterable[tuple[Point, int]]) -> Point:
    """The middle of points with weights, on the sphere, so that it may lie beyond the date line."""
    x = y = z = 0.0
    for (latitude, longitude), weight in places:
        here, there = radians(latitude), radians(longitude)
        x, y, z = x + weight * cos(here) * cos(there), y + weight * cos(here) * sin(there), z + weight * sin(here)
    length = hypot(x, y, z)
    if not length:
        raise ValueError("points without a middle")
    return round(degrees(asin(z / length)), 5), round(degrees(atan2(y, x)), 5)
