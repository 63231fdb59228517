"""The report on differences: filters, pages, counts, and who may not see it."""

from datetime import UTC, datetime, timedelta

import pytest

from models.database import Sessions
from models.statements import PartnerDifferenceRow
from tests.api.conftest import Api, assert_problem, fields, figures_of

PATH, COUNTS = "/reports/differences", "/reports/differences/counts"
FOUND = [
    ("erp", "messages", "missing_there", "M-1", 0, False),
    ("erp", "messages", "missing_there", "M-2", 3, False),
    ("erp", "messages", "unknown_here", "M-3", 3, True),
    ("wms", "stock", "quantity_differs", "HZ/LAMP", 9, False),
]


@pytest.fixture
def found(sessions: Sessions) -> None:
    with sessions.begin() as session:
        for partner, book, kind, subject, days, gone in FOUND:
            since = datetime.now(UTC) - timedelta(days=days)
            row = PartnerDifferenceRow(partner=partner, book=book, kind=kind, subject=subject, ours="", theirs="")
            row.first_seen_at, row.gone_at = since, since if gone else None
            session.add(row)
            session.flush()


async def listed(api: Api, **params: str | int | bool) -> list[str]:
    names, cursor = list[str](), None
    while True:
        page = (await api.get(PATH, params=params | ({"cursor": cursor} if cursor else {}))).json()
        names += [one["subject"] for one in page["items"]]
        if (cursor := page["next_cursor"]) is None:
            return names


@pytest.mark.usefixtures("found")
async def test_differences_are_filtered_by_partner_kind_and_age(viewer: Api) -> None:
    assert await listed(viewer) == ["M-1", "M-2", "HZ/LAMP"]
    assert await listed(viewer, limit=1, open_only=False) == ["M-1", "M-2", "M-3", "HZ/LAMP"]
    assert await listed(viewer, partner="wms") == ["HZ/LAMP"]
    assert await listed(viewer, kind="unknown_here", open_only=False) == ["M-3"]
    ages = {age: await listed(viewer, age=age) for age in ("day", "week", "older")}
    assert ages == {"day": ["M-1"], "week": ["M-2"], "older": ["HZ/LAMP"]}


@pytest.mark.usefixtures("found")
async def test_open_differences_are_counted(staff: Api) -> None:
    items = (await staff.get(COUNTS)).json()["items"]

    assert [tuple(one.values()) for one in items] == [
        ("erp", "messages", "missing_there", 1, 1, 0),
        ("wms", "stock", "quantity_differs", 0, 0, 1),
    ]
    figures = figures_of(staff)
    assert 'baton_partner_differences{kind="missing_there",partner="erp"} 2.0' in figures


@pytest.mark.parametrize("path", [PATH, COUNTS])
async def test_a_channels_key_does_not_see_differences(tmall: Api, path: str) -> None:
    assert_problem(await tmall.get(path), 403, "forbidden")


@pytest.mark.parametrize(
    ("field", "wrong"), [("partner", "inbox"), ("kind", "lost"), ("age", "month"), ("cursor", "QQ=="), ("limit", "0")]
)
async def test_an_invalid_filter_is_named(manager: Api, field: str, wrong: str) -> None:
    answer = assert_problem(await manager.get(PATH, params={field: wrong}), 422, "invalid")
    assert fields(answer) == [field]
