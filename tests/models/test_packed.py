"""Packed values: what is stored takes little room, and everything that was ever stored can be read."""

import zlib
from typing import Any

import pytest
from sqlalchemy import text

from models.database import Sessions
from models.fulfillment import BookingRow
from models.packed import pack, unpack
from models.packed_words import WORDS_1

OFFERS = [{"carrier": "JD Logistics", "by": "jd", "eligible": True, "why": "17.00 CNY", "days": None, "cost": 18.5}]


@pytest.mark.parametrize("value", [OFFERS, {"note": "易碎 \u0000 ' \" \\"}, [], {}, ["1"], {"km": 1211.3165111956027}])
def test_what_is_packed_comes_back_as_it_was(value: Any) -> None:
    assert unpack(pack(value)) == value


def test_common_words_cost_almost_nothing() -> None:
    assert len(pack(OFFERS)) < 50


def test_the_words_stay_as_they_are() -> None:
    # Packed rows of released versions are read with them.
    assert zlib.crc32(WORDS_1.encode()) == 2411546327


def test_rows_of_older_versions_are_read_beside_packed_ones(sessions: Sessions) -> None:
    # given
    with sessions.begin() as session:
        session.add(BookingRow(shipment_id="NEW", offers=OFFERS))
        session.execute(text("INSERT INTO bookings (shipment_id, offers) SELECT 'OLD', '[{\"carrier\": \"SF\"}]'"))

    # then
    with sessions() as session:
        assert session.get_one(BookingRow, "OLD").offers == [{"carrier": "SF"}]
        assert session.get_one(BookingRow, "NEW").offers == OFFERS
        assert session.scalar(text("SELECT jsonb_typeof(offers) FROM bookings WHERE shipment_id = 'NEW'")) == "string"
