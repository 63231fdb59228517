"""Pushing stock over a socket: no change is lost, and no more is shown than there is, whatever happens meanwhile."""

import random
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, text

from domain.errors import CallLimited, PartnerTrouble, PushRefused
from domain.stock.movements import OutOfStock
from domain.stock.views import Share, StockUpdate
from models.database import Sessions
from models.listing import ChannelListingRow, ChannelPushRow
from models.stock import ProductRow
from record.channels.offers import acknowledge
from record.parameters import ParameterCache
from record.stock.channel_shares import Quota, set_quotas, set_share
from record.stock.sweep import Sweep
from tests.activities.listed import CHANNEL, Listed, listed
from tests.factories import LAMP, TEACUP
from tests.integrations.servers import eventually

NUMBERS = {LAMP: "101", TEACUP: "102"}


@pytest.fixture(params=["plain", "shopify"])
def there(request: pytest.FixtureRequest, stocked: Sessions) -> Iterator[Listed]:
    """A channel that lists lamps, of which the stocked has 13, and cups, of which it has 10."""
    with listed(request.param, stocked) as opened:
        for sku, number in NUMBERS.items():
            opened.offer(sku, number)
        yield opened


@pytest.fixture
def plain(stocked: Sessions) -> Iterator[Listed]:
    with listed("plain", stocked) as opened:
        for sku, number in NUMBERS.items():
            opened.offer(sku, number)
        yield opened


def test_a_change_is_pushed_and_acknowledged_by_version(there: Listed) -> None:
    there.push()
    before = there.known()["calls"]

    there.move("reserved", 2)
    answers = there.push()

    assert there.known()["quantities"] == {"101": 11, "102": 10}
    assert sum(answer.taken for answer in answers) == 1
    assert there.known()["calls"] == before + 1
    row = there.row()
    assert (row.version, row.acknowledged_version, row.acknowledged_quantity) == (2, 2, 11)


def test_a_channel_that_is_up_to_date_is_not_called(there: Listed) -> None:
    there.push()
    before = there.known()["calls"]

    there.push()

    assert (there.known()["calls"], there.behind()) == (before, [])


def test_a_channel_is_shown_its_share_less_its_reserve(there: Listed) -> None:
    there.offer(LAMP, "101", share=50, reserve=2)
    there.offer(TEACUP, "102", share=10, reserve=5)

    there.push()

    assert there.known()["quantities"] == {"101": 4, "102": 0}


def test_a_new_share_or_quota_is_pushed_though_no_stock_has_moved(there: Listed) -> None:
    there.push()
    before = there.known()["quantities"]["101"]

    with there.sessions.begin() as session:
        set_share(session, CHANNEL, LAMP, Share(50))
    Sweep(there.sessions, ParameterCache()).run()
    there.push()
    shared = there.known()["quantities"]["101"]
    with there.sessions.begin() as session:
        set_quotas(session, CHANNEL, LAMP, [Quota(1, datetime.now(UTC) - timedelta(days=1))])
    Sweep(there.sessions, ParameterCache()).run()
    there.push()

    assert (shared, there.known()["quantities"]["101"]) == (before // 2, 1)


def test_a_quota_is_pushed_when_it_begins(there: Listed) -> None:
    there.push()
    with there.sessions.begin() as session:
        set_quotas(session, CHANNEL, LAMP, [Quota(1, datetime.now(UTC) + timedelta(hours=1))])
    Sweep(there.sessions, ParameterCache()).run()
    there.push()
    before = there.known()["quantities"]["101"]

    # The hour passes, after the sweep has looked.
    with there.sessions.begin() as session:
        session.execute(text("UPDATE channel_quotas SET valid_from = now() WHERE looked_at < now()"))
    Sweep(there.sessions, ParameterCache()).run()
    there.push()

    assert (before, there.known()["quantities"]["101"]) == (13, 1)


def test_a_disabled_listing_is_not_pushed(there: Listed) -> None:
    there.push()
    there.offer(LAMP, "101", enabled=False)
    there.move("reserved", 13 - 3)

    there.push()

    assert there.known()["quantities"]["101"] == 13


def test_a_change_during_a_push_is_pushed_again(there: Listed) -> None:
    there.push()
    there.move("reserved", 1)
    there.trouble(late_seconds=0.5)
    updates = len(there.known()["told"])

    with ThreadPoolExecutor(1) as thread:
        pushing = thread.submit(there.push_batch)
        eventually(lambda: len(there.known()["told"]) > updates)
        there.move("reserved", 5)
        pushing.result()
    assert (there.row().acknowledged_quantity, there.behind()) == (12, [LAMP])
    there.push()

    assert (there.known()["quantities"]["101"], there.behind()) == (7, [])


def test_a_crash_between_push_and_acknowledgement_is_repaired_by_the_next_push(
    there: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*anything: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("activities.push.acknowledge", dies)
        with pytest.raises(KeyboardInterrupt):
            there.push()
    assert there.behind() == [LAMP, TEACUP]

    there.push()

    assert (there.known()["quantities"], there.behind()) == ({"101": 13, "102": 10}, [])


def test_a_rate_limit_pauses_the_push_and_is_no_failure(there: Listed) -> None:
    there.trouble(limited=1, retry_after=7)

    with pytest.raises(CallLimited) as limit:
        there.push()

    assert limit.value.retry_after == 7
    assert (there.row().failed_since, there.behind()) == (None, [LAMP, TEACUP])


def test_a_failed_push_is_not_acknowledged_and_shows_its_error_until_it_works(there: Listed) -> None:
    there.trouble(failing=1)

    with pytest.raises(PartnerTrouble):
        there.push()

    assert there.behind() == [LAMP, TEACUP]
    assert "answered 500" in (there.row().last_error or "")
    assert there.row().failed_since

    there.push()

    assert there.behind() == []
    assert (there.row().last_error, there.row().failed_since) == (None, None)


def test_a_refused_listing_shows_its_error_and_delays_no_other(there: Listed) -> None:
    there.trouble(unknown=["101"])

    there.push()

    assert there.behind() == [LAMP]
    assert there.row().last_error
    assert there.known()["quantities"] == {"102": 10}
    calls = there.known()["calls"]
    there.push()
    assert there.known()["calls"] == calls

    there.trouble(unknown=[])
    there.now += timedelta(hours=2)
    there.push()
    assert (there.known()["quantities"]["101"], there.row().failed_since) == (13, None)


def test_a_listing_missing_from_the_answer_is_not_acknowledged(plain: Listed) -> None:
    plain.trouble(silent_about=["101"])

    plain.push()

    assert plain.behind() == [LAMP]
    assert plain.row().last_error == "the channel did not answer for it"


def test_a_late_acknowledgement_does_not_take_back_a_newer_one(plain: Listed) -> None:
    plain.move("reserved", 1)
    plain.push()

    with plain.sessions.begin() as session:
        acknowledge(session, CHANNEL, [StockUpdate(LAMP, "101", 13, version=1)])

    assert (plain.row().acknowledged_version, plain.row().acknowledged_quantity) == (2, 12)


def test_a_wrong_token_is_reported_and_pauses_the_channel(there: Listed) -> None:
    there.open_account(token="another")

    with pytest.raises(PushRefused):
        there.push()

    with there.sessions() as session:
        place = session.get_one(ChannelPushRow, CHANNEL)
    assert (place.last_error, place.not_before) == ("not_allowed", there.now + timedelta(minutes=5))


def test_ten_thousand_changes_go_in_few_calls(plain: Listed) -> None:
    skus = [f"BUTTON-{number}" for number in range(10_000)]
    with plain.sessions.begin() as session:
        session.execute(insert(ProductRow), [{"sku": sku, "title": sku} for sku in skus])
        listings = [{"channel": CHANNEL, "sku": sku, "channel_sku": sku} for sku in skus]
        session.execute(insert(ChannelListingRow), listings)

    answers = plain.push()

    assert sum(answer.taken for answer in answers) == 10_002
    assert plain.known()["calls"] == 21
    assert plain.behind() == []


def test_random_claims_never_push_more_than_is_available(plain: Listed) -> None:
    dice, seen = random.Random(11), 0
    held = {LAMP: 0, TEACUP: 0}
    for _ in range(150):
        sku = dice.choice(list(NUMBERS))
        kind, units = dice.choice(["reserved", "released", "received"]), dice.randint(1, 6)
        try:
            plain.move(kind, min(units, held[sku]) if kind == "released" else units, sku)
            held[sku] += {"reserved": units, "released": -min(units, held[sku]), "received": 0}[kind]
        except OutOfStock:
            pass
        if dice.random() < 0.4:
            plain.push()
            updates = plain.known()["told"]
            available = {NUMBERS[sku]: plain.available(sku) for sku in NUMBERS}
            assert all(quantity <= available[name] for name, quantity in updates[seen:])
            seen = len(updates)

    plain.push()
    assert plain.known()["quantities"] == {NUMBERS[sku]: plain.available(sku) for sku in NUMBERS}


def test_claims_during_pushes_leave_the_channel_up_to_date(plain: Listed) -> None:
    def claim(place: str) -> None:
        for _ in range(25):
            plain.move("received", 2, place=place)
            plain.move("reserved", 1, place=place)

    with ThreadPoolExecutor(2) as threads:
        claiming = [threads.submit(claim, place) for place in ("HANGZHOU", "CHENGDU")]
        while not all(one.done() for one in claiming):
            plain.push()
        for one in claiming:
            one.result()
    Sweep(plain.sessions, ParameterCache()).run()
    plain.push()

    assert plain.known()["quantities"]["101"] == plain.available() == 13 + 50
    assert max(quantity for name, quantity in plain.known()["told"] if name == "101") <= 13 + 100
    assert plain.behind() == []
