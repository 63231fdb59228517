"""Where receivers are: by their postal area, else their city, else their region; cities come from a kept package."""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import text

from commands.places import CITIES, _data, load_package, read_areas, us_states
from commands.seed import SHOP, set_sample_rates, stock_shop
from domain.freight import freight
from domain.parameters import read_parameters, valid_at
from models.database import Sessions
from models.parameters import ParameterRow
from record.parameters import ParameterCache, dated_rows
from record.sourcing.geography import keep_postal_areas, load_cities
from record.sourcing.needs import needs_of
from record.sourcing.outlooks import OutlookCache
from record.sourcing.spots import find_spot
from tests.factories import PLACED_AT, an_order, place_orders


@pytest.fixture(scope="module")
def cities() -> list[dict[str, Any]]:
    """The cities of three countries."""
    return [city for city in _data(CITIES).values() if city["countrycode"] in ("GB", "US", "CH")]


@pytest.fixture
def atlas(sessions: Sessions, cities: list[dict[str, Any]]) -> Sessions:
    with sessions.begin() as session:
        assert load_cities(session, "a package 1", lambda: cities, us_states()) > len(cities)
    return sessions


def spot(sessions: Sessions, country: str, city: str = "", province: str = "", postal_code: str = "") -> Sequence[Any]:
    """Where an order's receiver is."""
    to = an_order().ship_to
    fields = {"country": country, "city": city, "province": province, "postal_code": postal_code}
    [order_id] = place_orders(sessions, [an_order(ship_to=type(to)(**fields))])
    with sessions() as session:
        found = needs_of(session, [order_id])[order_id].spot
        # A promise is measured as the order that carries it.
        assert find_spot(session, country, province, city, postal_code) == found
    return found or ()


def test_the_finest_that_is_known_counts(atlas: Sessions) -> None:
    areas = {("GB", "BN"): (50.9, -0.2), ("GB", "BN1"): (50.8, -0.1)}
    with atlas.begin() as session:
        keep_postal_areas(session, areas)
        keep_postal_areas(session, areas)

    assert spot(atlas, "GB", "London", postal_code="bn1 4ab") == [50.8, -0.1, "postal"]
    assert spot(atlas, "GB", "London", postal_code="BN2 4AB") == [50.9, -0.2, "postal"]
    assert spot(atlas, "GB", " LONDON", postal_code="N1 4AB")[2] == "city"
    assert spot(atlas, "CH", "Zurich") == spot(atlas, "CH", "zürich") != ()
    assert spot(atlas, "GB", "Nowhere-on-Sea")[2] == "region"
    assert spot(atlas, "FR", "Paris") == ()


def test_a_name_that_several_cities_have_is_read_by_the_region(atlas: Sessions) -> None:
    maine, texas, largest = (spot(atlas, "US", "Portland", region) for region in ("ME", "tx", ""))
    assert maine[0] > 43 > 28 > texas[0]
    assert largest[1] < -120
    assert spot(atlas, "US", "Nowhere", "Maine") == spot(atlas, "US", "Nowhere", "ME") != spot(atlas, "US", "Nowhere")


def test_the_larger_of_two_cities_counts_and_only_large_ones_have_other_names(sessions: Sessions) -> None:
    # given two cities of one name in one region, and a large one, each with other names
    def city(name: str, latitude: float, people: int, *others: str) -> dict[str, Any]:
        where = {"countrycode": "US", "admin1code": "CA", "latitude": latitude, "longitude": -118.0}
        return where | {"name": name, "population": people, "alternatenames": list(others)}

    cities = [city("Bell", 33.0, 20_000, "Clearwater"), city("Bell", 34.0, 40_000), city("Bell", 35.0, 30_000)]
    with sessions.begin() as session:
        load_cities(
            session, "a package", lambda: [*cities, city("Los Angeles", 36.0, 4_000_000, "Angelópolis", "LA")], {}
        )

    assert spot(sessions, "US", "Bell")[0] == 34.0
    assert spot(sessions, "US", "angelópolis", "CA")[0] == 36.0
    assert [spot(sessions, "US", name)[2] for name in ("Clearwater", "LA")] == ["region", "region"]


def test_the_package_is_read_once_for_each_of_its_versions(sessions: Sessions, cities: list[dict[str, Any]]) -> None:
    with sessions.begin() as session:
        load_cities(session, "a package 1", lambda: cities, us_states())
        assert load_cities(session, "a package 1", lambda: pytest.fail("it was read again"), us_states()) == 0
        few = cities[:100]
        assert 0 < load_cities(session, "a package 2", lambda: few, us_states()) < len(cities)


def test_a_migration_takes_the_installed_package(sessions: Sessions) -> None:
    with sessions.begin() as session:
        assert load_package(session) > 100_000
        assert load_package(session) == 0
        countries = set(session.scalars(text("SELECT country FROM geo_points WHERE name = '' AND region = ''")))
    assert {"GB", "US", "DE", "JP", "BR", "AU"} <= countries
    assert "CN" not in countries


def test_wrong_rows_of_postal_areas_are_named_and_the_others_taken() -> None:
    rows = [
        {"country": "GB", "prefix": "wc2e 9", "latitude": "51.5", "longitude": "-0.1"},
        {"country": "XX", "prefix": "1", "latitude": "1", "longitude": "1"},
        {"country": "DE", "prefix": "10-115", "latitude": "91", "longitude": "13"},
        {"country": "DE", "prefix": "%", "latitude": "nan", "longitude": "13"},
        {"country": "GB", "prefix": "WC2E-9", "latitude": "51.5", "longitude": "-0.1"},
    ]
    areas, wrong = read_areas(rows)
    assert areas == {("GB", "WC2E9"): (51.5, -0.1)}
    assert [one.split(": ")[:2] for one in wrong] == [
        ["row 3", "country"],
        ["row 4", "latitude"],
        ["row 5", "prefix"],
        ["row 6", "prefix"],
    ]


def test_freight_of_the_sample_shop_depends_on_where_a_parcel_starts(sessions: Sessions) -> None:
    # when
    with sessions.begin() as session:
        set_sample_rates(session)
        set_sample_rates(session)
        stock_shop(session, SHOP)

    # then
    with sessions() as session:
        assert session.query(ParameterRow).filter_by(name="freight_rates").count() == 2
        rates = read_parameters(valid_at(dated_rows(session), PLACED_AT)).freight_rates
        places = OutlookCache(ParameterCache()).context(session).places
    prices = [freight(rates["DHL Express"], origin, "GB", 500) for origin in ("GB", "CN/上海市")]
    assert [price and price.text for price in prices] == ["62.00", "180.00"]
    assert places["LONDON"].point
