"""The report on missing orders: filters by channel and outcome, pages, and only a channel's own."""

from datetime import UTC, datetime

import pytest

from models.database import Sessions
from models.pull import MissingOrderRow
from tests.api.conftest import Api, assert_problem

PATH = "/reports/missing-orders"


@pytest.fixture
def missing(sessions: Sessions) -> None:
    found = [
        ("shop", "S-1", "pulled"),
        ("tmall", "T-1", "refused"),
        ("tmall", "T-2", "pulled"),
        ("tmall", "T-3", "gone"),
    ]
    with sessions.begin() as session:
        session.add_all(
            MissingOrderRow(
                channel=channel,
                channel_order_id=name,
                modified_at=datetime(2026, 11, 11, tzinfo=UTC),
                reason="never_came",
                outcome=outcome,
            )
            for channel, name, outcome in found
        )


async def listed(api: Api, **params: str | int) -> list[str]:
    names, cursor = list[str](), None
    while True:
        page = (await api.get(PATH, params=params | ({"cursor": cursor} if cursor else {}))).json()
        names += [one["channel_order_id"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return names


@pytest.mark.usefixtures("missing")
async def test_missing_orders_are_filtered_by_channel_and_outcome(staff: Api) -> None:
    assert await listed(staff) == ["S-1", "T-1", "T-2", "T-3"]
    assert await listed(staff, limit=1) == ["S-1", "T-1", "T-2", "T-3"]
    assert await listed(staff, channel="tmall", outcome="refused") == ["T-1"]


@pytest.mark.usefixtures("missing")
async def test_a_channel_sees_only_its_own(tmall: Api) -> None:
    assert await listed(tmall) == ["T-1", "T-2", "T-3"]
    assert_problem(await tmall.get(PATH, params={"channel": "shop"}), 403, "forbidden")


async def test_an_invalid_filter_or_cursor_is_named(staff: Api) -> None:
    wrong = assert_problem(await staff.get(PATH, params={"outcome": "lost"}), 422, "invalid")
    assert wrong["errors"][0]["field"] == "outcome"
    assert_problem(await staff.get(PATH, params={"cursor": "QQ=="}), 422, "invalid")
