"""Why an order waits, as one code; and what its customer may do meanwhile."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.masks import mask_receiver, proof_of
from domain.returns.terms import Window
from domain.self_service import Act, SelfServiceBasis, may_do
from domain.status import FulfillmentStatus, OrderStatus, TrackingStatus
from domain.track_tokens import EPOCH, TrackToken, derive_key, read_token, write_token
from domain.waiting import CODES, LEFT, PartOfOrder, Party, Standing, why_it_waits

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SOON = NOW + timedelta(days=1)
S, F, T = OrderStatus, FulfillmentStatus, TrackingStatus
PACKING, OPEN = PartOfOrder(F.PICKING), PartOfOrder(F.OPEN)
ROAD, HOME = PartOfOrder(F.SHIPPED, T.IN_TRANSIT), PartOfOrder(F.DELIVERED)
READY = PartOfOrder(F.PACKED, pickup=True, ready=True)


def order(status: OrderStatus = S.IN_PROGRESS, *parts: PartOfOrder, **known: Any) -> Standing:
    return Standing(status, parts=parts, **known)


@pytest.mark.parametrize(
    ("standing", "code", "whom"),
    [
        (order(S.RECEIVED), "checking", Party.SHOP),
        (order(S.UNDER_REVIEW, holds=["ADDRESS"]), "address", Party.CUSTOMER),
        # What a customer is to do comes first, and why staff look is nobody's business.
        (order(S.UNDER_REVIEW, holds=["VELOCITY", "PAYMENT_DUE"]), "payment_due", Party.CUSTOMER),
        (order(S.UNDER_REVIEW, holds=["ADDRESS", "PAYMENT_DUE"]), "payment_due", Party.CUSTOMER),
        (order(S.UNDER_REVIEW, holds=["BLOCKED_BUYER"]), "review", Party.SHOP),
        (order(S.ACCEPTED), "accepted", Party.WAREHOUSE),
        (order(S.ACCEPTED, ship_by=SOON), "accepted_by", Party.WAREHOUSE),
        # Who fetches it is told when it is ready, and not when it would have left.
        (order(S.ACCEPTED, ship_by=SOON, pickup=True), "accepted", Party.WAREHOUSE),
        (order(S.ACCEPTED, short={"LAMP": None, "CUP": date(2026, 12, 3)}), "stock", Party.SHOP),
        (order(S.ACCEPTED, short={"CUP": date(2026, 12, 3)}), "stock_until", Party.SHOP),
        (order(S.IN_PROGRESS, PartOfOrder(F.OPEN, wave_at=SOON)), "planned", Party.WAREHOUSE),
        (order(S.IN_PROGRESS, PACKING, OPEN), "packing", Party.WAREHOUSE),
        (order(S.IN_PROGRESS, READY, pickup=True), "ready", Party.CUSTOMER),
        (order(S.IN_PROGRESS, READY, PartOfOrder(F.PICKING, pickup=True), pickup=True), "packing", Party.WAREHOUSE),
        (order(S.IN_PROGRESS, ROAD, PACKING), "partly_sent", Party.WAREHOUSE),
        (order(S.IN_PROGRESS, ROAD, short={"CUP": None}), "partly_sent", Party.WAREHOUSE),
        (order(S.IN_PROGRESS, ROAD, HOME), "on_the_road", Party.CARRIER),
        (order(S.IN_PROGRESS, ROAD, deliver_by=SOON), "on_the_road_by", Party.CARRIER),
        (order(S.IN_PROGRESS, ROAD, PartOfOrder(F.SHIPPED, T.FAILED_ATTEMPT)), "missed", Party.CARRIER),
        (order(S.IN_PROGRESS, PartOfOrder(F.SHIPPED, T.AVAILABLE_FOR_PICKUP)), "at_collection_point", Party.CUSTOMER),
        (order(S.IN_PROGRESS, ROAD, stops=["PARCEL_LOST"]), "parcel", Party.SHOP),
        (order(S.IN_PROGRESS, PACKING, stops=["SHIP_LATE"]), "packing", Party.WAREHOUSE),
        (order(S.COMPLETED, HOME), "delivered", Party.NOBODY),
        (order(S.COMPLETED, HOME, pickup=True), "fetched", Party.NOBODY),
        (order(S.CANCELED, holds=["ADDRESS"]), "canceled", Party.NOBODY),
    ],
)
def test_an_order_waits_for_one_thing(standing: Standing, code: str, whom: Party) -> None:
    wait = why_it_waits(standing)

    assert (wait.code, wait.whom) == (code, whom)


PARTS = st.builds(
    PartOfOrder,
    st.sampled_from([one for one in F if one not in (F.CANCELED, F.REJECTED)]),
    st.none() | st.sampled_from(T),
    st.booleans(),
    st.booleans(),
    st.none() | st.just(SOON),
)
STANDINGS = st.builds(
    Standing,
    st.sampled_from(S),
    st.lists(st.sampled_from(["ADDRESS", "PAYMENT", "CAME_BACK", "REMARKS"]), max_size=2),
    st.lists(st.sampled_from(["PARCEL_LOST", "NOT_TOLD"]), max_size=2),
    st.dictionaries(st.sampled_from("AB"), st.none() | st.just(date(2026, 12, 3))),
    st.lists(PARTS, max_size=3),
    st.booleans(),
    st.none() | st.just(SOON),
    st.none() | st.just(SOON),
)


@given(STANDINGS)
def test_every_order_has_an_answer_and_nothing_that_left_is_offered_to_be_changed(standing: Standing) -> None:
    assert why_it_waits(standing).code in CODES

    acts = may_do(SelfServiceBasis(standing, NOW, returnable={1: 1}))
    if any(part.status in LEFT for part in standing.parts):
        assert set(acts) <= {Act.RETURN}


WEEK = {"*": Window(days=7), "jewelry": Window(hours=24)}


@pytest.mark.parametrize(
    ("standing", "known", "acts"),
    [
        (order(S.UNDER_REVIEW), {}, [Act.DAY, Act.ADDRESS, Act.CANCEL]),
        (order(S.IN_PROGRESS, PACKING), {"masked": True}, [Act.DAY, Act.CANCEL]),
        (order(S.IN_PROGRESS, PartOfOrder(F.PICKING, pickup=True), pickup=True), {}, [Act.DAY, Act.CANCEL]),
        (order(S.IN_PROGRESS, READY, pickup=True), {}, [Act.CANCEL]),
        (order(S.IN_PROGRESS, ROAD), {}, []),
        (order(S.COMPLETED, HOME), {"returnable": {1: 2}, "delivered_at": NOW - timedelta(days=5)}, [Act.RETURN]),
        (order(S.COMPLETED, HOME), {"returnable": {1: 2}, "delivered_at": NOW - timedelta(days=9)}, []),
        (order(S.COMPLETED, HOME), {"returnable": {1: 2}, "past": True}, []),
        (order(S.COMPLETED, HOME), {"returnable": {}}, []),
        (order(S.CANCELED), {}, []),
    ],
)
def test_a_customer_is_offered_what_is_possible(standing: Standing, known: dict[str, Any], acts: list[Act]) -> None:
    assert may_do(SelfServiceBasis(standing, NOW, windows=WEEK, **known)) == acts


ORDER_ID = "01J8ZQ4Y7M3N5P6R8T9V0W1X2Y"
KEY, OLD = derive_key(b"a key"), derive_key(b"an older one")
TOKENS = st.builds(TrackToken, st.just(ORDER_ID), st.integers(0, 65_535), st.dates(EPOCH, date(2199, 1, 1)))


@given(TOKENS, st.integers(0, 47), st.sampled_from("ABC019_-xyz"))
def test_a_token_is_read_back_and_no_other_text_is_one(token: TrackToken, place: int, letter: str) -> None:
    text = write_token(token, KEY)
    changed = text[:place] + letter + text[place + 1 :]

    assert read_token(text, [OLD, KEY]) == token
    assert read_token(text, [OLD]) is None
    assert changed == text or read_token(changed, [KEY]) is None


@pytest.mark.parametrize("text", ["", "x", "é" * 48, "=" * 48, "A" * 47 + "\n", "A" * 49, "-" * 100_000])
def test_what_is_no_token_is_not_read(text: str) -> None:
    assert read_token(text, [KEY]) is None


@pytest.mark.parametrize(
    ("address", "shown", "proof"),
    [
        (
            {"name": "王小明", "phone": "+8613812345678", "city": "杭州市", "lines": ["文三路 90 号 2 幢"]},
            {"name": "王**", "phone": "138 **** ****", "place": "杭州市 文三路****"},
            ("phone", "5678"),
        ),
        (
            {"name": "Ann", "phone": "", "province": "BE", "city": "Berlin", "postal_code": "10115 ", "lines": []},
            {"name": "A**", "phone": "", "place": "BE Berlin"},
            ("postal_code", "10115"),
        ),
        # What the channel masks proves nothing, unless it shows the end of the number.
        ({"phone": "138****5678"}, {"name": "", "phone": "****", "place": ""}, ("phone", "5678")),
        ({"phone": "138****56**", "postal_code": "1000**"}, {"name": "", "phone": "****", "place": ""}, ("", "")),
        ({}, {"name": "", "phone": "", "place": ""}, ("", "")),
    ],
)
def test_the_page_shows_nothing_that_proves_who_is_the_receiver(
    address: dict[str, Any], shown: dict[str, str], proof: tuple[str, str]
) -> None:
    assert (mask_receiver(address), proof_of(address)) == (shown, proof)
    assert not proof[1] or proof[1] not in "".join(shown.values())
