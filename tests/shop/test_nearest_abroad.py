"""Nearest works outside China: by the postal area that a company loads, else by the city, else by the region."""

from typing import Any

from commands.places import CITIES, _data
from commands.seed import Shop, stock_shop
from record.sourcing.geography import keep_postal_areas, load_cities
from tests.baton import Baton

PLAID = "SCOTTISH-PLAID"
PLACES = {"A-LONDON-HOUSE": (51.5, -0.1), "MANCHESTER-HOUSE": (53.5, -2.2)}


async def sent_from(baton: Baton, **to: str) -> tuple[str, str]:
    """Where an order is sent from, and why."""
    ship_to: dict[str, Any] = {"name": "Ada", "phone": "+442071838750", "country": "GB", "lines": ["1 High Street"]}
    ship_to |= {"postal_code": "L1 8JQ", **to}
    place = {name: ship_to[name] for name in ("country", "city", "postal_code")}
    wanted = {"channel": "tmall", "lines": [{"sku": PLAID, "quantity": 1}], "place": place}
    promise = (await baton.api.post("/promises", json=wanted)).json()
    order_id = await baton.order("ABROAD", lines=[(PLAID, 1, "80.00")], ship_to=ship_to)
    [decided] = await baton.until_event(order_id, "sourcing.decided")
    decisions = (await baton.api.get(f"/orders/{order_id}/sourcing")).json()["decisions"]
    assert decisions[0]["reason"] == decided["data"]["why"]
    assert [parcel["location_id"] for parcel in promise["parcels"]] == [decided["data"]["work"][0]["location_id"]]
    return decided["data"]["work"][0]["location_id"], decisions[0]["reason"]


async def test_of_equal_places_the_nearer_one_sends_and_the_decision_says_how_it_was_measured(silent: Baton) -> None:
    # given two houses in Britain that differ in nothing but their place
    place = {"kind": "warehouse", "country": "GB", "province": ""}
    houses = [
        {"location_id": name, "name": name, "latitude": latitude, "longitude": longitude} | place
        for name, (latitude, longitude) in PLACES.items()
    ]
    with silent.sessions.begin() as session:
        stock_shop(session, Shop({PLAID: "Plaid"}, houses, {(PLAID, name): 9 for name in PLACES}))
        british = [city for city in _data(CITIES).values() if city["countrycode"] == "GB"]
        load_cities(session, "a package", lambda: british, {})
        keep_postal_areas(session, {("GB", "SW1"): (51.5, -0.14)})

    # when, then
    where, why = await sent_from(silent, city="Liverpool")
    assert where == "MANCHESTER-HOUSE"
    assert "km to the door by city; next A-LONDON-HOUSE" in why
    where, why = await sent_from(silent, city="Liverpool", postal_code="SW1A 1AA")
    assert where == "A-LONDON-HOUSE"
    assert "km to the door by postal area" in why
    where, why = await sent_from(silent, city="Nowhere-on-Sea")
    assert "km to the door; next" in why
