"""Statuses of carriers in ours, and which report replaces which."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.remarks.carriers import CARRIERS
from domain.status import TrackingStatus
from domain.tracking import KUAIDI100_CARRIERS, follows, kuaidi100_status

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
T = TrackingStatus


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("0", T.IN_TRANSIT),
        ("3", T.DELIVERED),
        ("6", T.RETURN_TO_SENDER),
        ("1002", T.IN_TRANSIT),
        ("102", T.PRE_TRANSIT),
        ("304", T.DELIVERED),
        ("501", T.AVAILABLE_FOR_PICKUP),
        ("99", None),
        ("", None),
    ],
)
def test_a_state_of_kuaidi100_is_one_of_ours(code: str, status: TrackingStatus | None) -> None:
    assert kuaidi100_status(code) == status


def test_a_carrier_has_one_name_wherever_it_is_read() -> None:
    assert set(KUAIDI100_CARRIERS.values()) <= {name for name, _ in CARRIERS}


@pytest.mark.parametrize(
    ("status", "minutes", "now", "counts"),
    [
        (T.IN_TRANSIT, 1, "pre_transit", True),
        (T.IN_TRANSIT, -1, "out_for_delivery", False),
        (T.IN_TRANSIT, 1, "delivered", False),
        (T.RETURN_TO_SENDER, 1, "delivered", True),
        (T.DELIVERED, 0, "delivered", True),
        (T.EXCEPTION, 1, "in_transit", True),
    ],
)
def test_an_older_report_changes_nothing_and_after_delivery_only_a_return_does(
    status: TrackingStatus, minutes: int, now: str, counts: bool
) -> None:
    assert follows(status, NOON + timedelta(minutes=minutes), now, NOON) is counts


def test_the_first_report_is_news_always() -> None:
    assert follows(T.IN_TRANSIT, NOON, "pre_transit", None)
