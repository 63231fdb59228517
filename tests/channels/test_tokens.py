"""Tokens of platforms: renewed before they end, once, kept sealed, and an account that lost its permission is told."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from sqlalchemy import select

from commands.channels import save_account
from domain.errors import PullRefused, TokenExpired
from integrations.access.registry import RENEWERS
from integrations.tls import tls_context
from models.channel import ChannelAccountRow
from record.channels.accounts import find_account
from record.channels.tokens import lost_accounts, with_fresh_token
from tests.channels.shop import CHANNEL, NEVER, NOBODY, ShopThere
from tests.integrations.servers import simulating

Open = Callable[[str], ShopThere]
everywhere = pytest.mark.parametrize("platform", RENEWERS)


@pytest.fixture
def platforms() -> Iterator[httpx2.Client]:
    """Platforms whose tokens this test may end."""
    with simulating(NOBODY, NEVER) as address, httpx2.Client(base_url=address, verify=tls_context()) as client:
        yield client


def kept(there: ShopThere) -> dict[str, str]:
    with there.sessions() as session:
        return dict(session.scalars(select(ChannelAccountRow.settings)).one()["access"])


def ends_at(there: ShopThere, moment: datetime) -> None:
    settings = {"access": kept(there) | {"expires_at": moment.isoformat()}}
    with there.sessions.begin() as session:
        row = session.scalars(select(ChannelAccountRow)).one()
        row.settings = row.settings | settings


@everywhere
def test_a_token_is_renewed_before_it_ends_and_kept_sealed(shop: Open, platform: str) -> None:
    there = shop(platform)
    ends_at(there, datetime.now(UTC) + timedelta(minutes=5))
    there.place()

    there.pull()
    there.pull()

    assert (there.renewed(), there.order().channel_order_id) == (1, str(there.number))
    access = there.account.access
    assert access is not None
    assert access.expires_at is not None
    assert access.expires_at > datetime.now(UTC)
    for secret in (access.token, access.refresh_token):
        assert secret.get_secret_value() not in json.dumps(kept(there)) or not secret.get_secret_value()


@everywhere
def test_a_token_that_the_platform_has_ended_is_renewed_after_one_refused_call(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.place()
    there.end("tokens")

    with pytest.raises(TokenExpired):
        there.pull()
    there.pull()

    assert (there.renewed(), there.order().channel_order_id) == (1, str(there.number))


@everywhere
def test_two_that_find_a_token_at_its_end_renew_it_once(shop: Open, platform: str) -> None:
    there = shop(platform)
    ends_at(there, datetime.now(UTC))
    account = there.account

    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(with_fresh_token, there.sessions, account, PullRefused) for _ in range(2)]
        tokens = {one.result().access.token for one in both if one.result().access}  # type: ignore[union-attr]

    assert (len(tokens), there.renewed()) == (1, 1)


@everywhere
def test_an_account_that_lost_its_permission_is_told_with_the_page_to_renew_it(shop: Open, platform: str) -> None:
    there = shop(platform)
    there.end("permission")
    ends_at(there, datetime.now(UTC))

    for _ in range(2):
        with pytest.raises(PullRefused):
            there.pull()

    with there.sessions() as session:
        [lost] = lost_accounts(session)
    assert (lost.channel, lost.reason) == (CHANNEL, "not_renewed")
    assert lost.since is not None
    assert lost.page.startswith("https://")
    there.open_account()
    with there.sessions() as session:
        assert [one.reason for one in lost_accounts(session)] in ([], ["not_allowed"])


def test_an_account_changed_without_access_keeps_the_token_that_was_renewed(shop: Open) -> None:
    there = shop("douyin")
    ends_at(there, datetime.now(UTC))
    there.pull()
    renewed = there.account.access

    save_account(there.sessions, CHANNEL, "douyin", "a secret of the tests", {"pull": {}, "language": "zh-CN"})

    changed = find_account(there.sessions, CHANNEL)
    assert changed is not None
    assert (changed.access, changed.language) == (renewed, "zh-CN")
    assert changed.pull is not None
    assert renewed is not None
    assert changed.pull.token == renewed.token
