"""A shipment is shown to those whose order is in it, and only staff print its label or void its waybill."""

from collections.abc import Awaitable, Callable

import pytest

from models.database import Sessions
from models.fulfillment import BookingRow, FulfillmentOrderRow, ParcelRow, ShipmentRow
from models.stock import LocationRow
from tests.api.conftest import Api, assert_problem, fields

Place = Callable[..., Awaitable[str]]
SSCC = "095212340000000013"


def ship(sessions: Sessions, order_id: str, carrier: str = "SF Express", waybill: str = "SF1") -> str:
    """Write what a booking would, for a warehouse that has measured one of two parcels."""
    name = f"{order_id}-1-S1"
    with sessions.begin() as session:
        session.add(LocationRow(location_id="HZ-1", kind="warehouse", name="Hangzhou", country="CN", province="浙江省"))
        row = ShipmentRow(shipment_id=name, carrier=carrier, waybill=waybill, tracking_status="pre_transit")
        row.cost_minor, row.cost_currency = 1800, "CNY"
        session.add(row)
        offer = {"carrier": carrier, "by": "sf", "eligible": True, "why": "18.00 CNY", "days": 2}
        offer |= {"cost_minor": 1800, "cost_currency": "CNY"}
        out = {"carrier": "Acme", "by": "tms", "eligible": False, "why": "does not go to CN", "days": None}
        session.add(BookingRow(shipment_id=name, offers=[offer, out], refusals={"Acme": "asleep"}, asked=carrier))
        session.flush()
        work = FulfillmentOrderRow(fulfillment_order_id=f"{order_id}-1", order_id=order_id, number=1)
        work.location_id, work.reason, work.status, work.shipment_id = "HZ-1", "nearest", "packed", name
        session.add(work)
        session.add(ParcelRow(sscc=SSCC, shipment_id=name, number=1, weight_grams=900, length_mm=300))
        session.add(ParcelRow(sscc="095212340000000020", shipment_id=name, number=2, weight_grams=200))
    return name


async def test_a_shipment_shows_its_parcels_its_cost_and_the_offers(
    tmall: Api, place: Place, sessions: Sessions
) -> None:
    name = ship(sessions, await place())

    shipment = (await tmall.get(f"/shipments/{name}")).json()

    assert [box["number"] for box in shipment["parcels"]] == [1, 2]
    assert (shipment["parcels"][0]["length_mm"], shipment["parcels"][1]["length_mm"]) == (300, None)
    assert shipment["cost_estimate"] == {"amount": "18.00", "currency": "CNY"}
    assert [(offer["carrier"], offer["refusal"]) for offer in shipment["offers"]] == [
        ("SF Express", None),
        ("Acme", "asleep"),
    ]
    assert shipment["links"]["label"] == f"/shipments/{name}/label"


async def test_another_channel_does_not_see_the_shipment(shop: Api, place: Place, sessions: Sessions) -> None:
    name = ship(sessions, await place())
    assert_problem(await shop.get(f"/shipments/{name}"), 404, "not-found")


@pytest.mark.parametrize(("method", "what"), [("GET", "label"), ("POST", "void")])
async def test_a_viewer_neither_prints_nor_voids(
    viewer: Api, tmall: Api, place: Place, sessions: Sessions, method: str, what: str
) -> None:
    name = ship(sessions, await place())
    assert (await viewer.get(f"/shipments/{name}")).status_code == 200
    for caller in (viewer, tmall):
        answer = await caller.request(method, f"/shipments/{name}/{what}")
        assert_problem(answer, 403, "forbidden")


@pytest.mark.parametrize(
    ("params", "field"),
    [({"format": "gif"}, "format"), ({"parcel": "3"}, "parcel"), ({"parcel": "0"}, "parcel")],
)
async def test_an_invalid_parameter_of_a_label_is_named(
    staff: Api, place: Place, sessions: Sessions, params: dict[str, str], field: str
) -> None:
    name = ship(sessions, await place())
    answer = await staff.get(f"/shipments/{name}/label", params=params)
    assert fields(assert_problem(answer, 422, "invalid")) == [field]
    # A label that was not printed is not counted.
    assert (await staff.get(f"/shipments/{name}")).json()["label_prints"] == 0


async def test_a_void_needs_a_reason_and_a_running_order(staff: Api, place: Place, sessions: Sessions) -> None:
    name = ship(sessions, await place())
    assert fields(assert_problem(await staff.post(f"/shipments/{name}/void", json={}), 422, "invalid")) == ["reason"]
    answer = await staff.post(f"/shipments/{name}/void", json={"reason": "torn"})
    assert_problem(answer, 503, "unavailable")
