"""The nightly comparison finds what never came, fetches it, and keeps a report."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from activities.pull import PullRequest
from activities.reconcile import Compared, Reconcile
from integrations.circuit import Circuits
from models.database import Sessions
from models.pull import ChannelPullRow, MissingOrderRow
from tests.activities.platforms import CHANNEL, Platform, platform

REQUEST = PullRequest(CHANNEL)


@pytest.fixture(params=["shopify", "taobao"])
def there(request: pytest.FixtureRequest, sessions: Sessions) -> Iterator[Platform]:
    """A platform that is pulled up to now; tests then put orders there that were changed before."""
    with platform(request.param, sessions) as opened:
        opened.put(301, seconds_ago=900)
        opened.pull()
        with sessions.begin() as session:
            session.get_one(ChannelPullRow, CHANNEL).pulled_to = opened.now
        yield opened


def night(there: Platform) -> list[Compared]:
    """Run one comparison as the workflow does."""
    reconcile = Reconcile(there.sessions, Circuits(), there.clock)
    pages = [reconcile.compare_page(reconcile.open_comparison(REQUEST))]
    while pages[-1].more:
        assert len(pages) < 50
        pages.append(reconcile.compare_page(pages[-1].following))
    while reconcile.fetch_missing(REQUEST).more:
        pass
    return pages


def report(there: Platform) -> dict[str, tuple[str, str]]:
    with there.sessions() as session:
        rows = session.scalars(select(MissingOrderRow).order_by(MissingOrderRow.channel_order_id))
        return {row.channel_order_id: (row.reason, row.outcome) for row in rows}


def test_orders_that_never_came_are_found_and_fetched(there: Platform) -> None:
    missed = [there.put(number, seconds_ago=90_000 * (number - 301)) for number in (302, 303, 304)]

    pages = night(there)

    assert sum(page.missing for page in pages) == 3
    assert there.orders() == ["301", *missed]
    assert report(there) == dict.fromkeys(missed, ("never_came", "pulled"))


def test_a_night_without_anything_missing_reports_nothing(there: Platform) -> None:
    pages = night(there)

    assert (sum(page.listed for page in pages), report(there)) == (1, {})
    assert len(there.intakes()) == 1


def test_an_order_in_an_older_state_is_brought_up_to_date(there: Platform) -> None:
    there.put(301, seconds_ago=700)

    night(there)

    assert report(there) == {"301": ("out_of_date", "pulled")}
    assert len(there.intakes()) == 2


def test_an_order_that_cannot_be_read_stays_missing_until_it_can(there: Platform) -> None:
    total = {"shopify": "total_price", "taobao": "payment"}[there.name]
    there.put(302, seconds_ago=700, **{total: "much"})

    night(there)
    with there.sessions() as session:
        first = session.get_one(MissingOrderRow, (CHANNEL, "302"))
    night(there)

    with there.sessions() as session:
        second = session.get_one(MissingOrderRow, (CHANNEL, "302"))
    assert (first.outcome, first.detail is not None and total in first.detail) == ("refused", True)
    assert (second.outcome, second.first_missing_at) == ("refused", first.first_missing_at)
    assert second.intake_id == first.intake_id
    there.put(302, seconds_ago=700)
    night(there)
    assert report(there) == {"302": ("never_came", "pulled")}


def test_an_order_too_new_for_the_last_pull_is_not_missing(there: Platform) -> None:
    there.now += timedelta(minutes=1)
    there.put(305, seconds_ago=10)

    night(there)

    assert report(there) == {}


def test_an_order_that_the_platform_does_not_serve_is_tried_the_next_night(there: Platform) -> None:
    there.put(302, seconds_ago=700)
    there.put(303, seconds_ago=701)
    there.trouble(broken="302")

    night(there)
    assert report(there) == {"302": ("never_came", "nothing_yet"), "303": ("never_came", "pulled")}

    there.trouble(broken="")
    night(there)
    assert report(there)["302"] == ("never_came", "pulled")
