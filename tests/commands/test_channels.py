"""`baton channel add` refuses an account that cannot work when it is opened, not when its first webhook comes."""

from datetime import time, timedelta
from typing import Any

import pytest

from commands.channels import save_account
from domain.pulling import PullPlan
from models.database import Sessions
from record.channels.accounts import find_account, pull_plans

PUSH = {"url": "https://shop.example/api", "token": "hidden"}
TAOBAO = {"url": "https://eco.taobao.example/router/rest", "token": "session", "key": "app", "secret": "hidden"}


def test_an_account_is_opened_and_changed(sessions: Sessions) -> None:
    save_account(sessions, "shop-uk", "shopify", "a first secret of the tests", {})
    save_account(sessions, "shop-uk", "shopify", "a second secret of the tests", {"currency": "GBP", "country": "GB"})

    account = find_account(sessions, "shop-uk")

    assert account is not None
    assert (account.secret, account.shop.channel, account.shop.currency) == (
        "a second secret of the tests",
        "shop-uk",
        "GBP",
    )


@pytest.mark.parametrize(
    ("channel", "translator", "settings"),
    [
        ("Shop UK", "shopify", {}),
        ("shop-uk", "shopware", {}),
        ("shop-uk", "shopify", {"colour": "blue"}),
        ("shop-uk", "shopify", {"signature": {"header": "X", "algorithm": "rot13"}}),
        ("shop-uk", "shopify", {"signature": {"heading": "X"}}),
    ],
)
def test_an_account_that_cannot_work_is_refused(
    sessions: Sessions, channel: str, translator: str, settings: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError)):
        save_account(sessions, channel, translator, "a secret of the tests", settings)
    assert find_account(sessions, "shop-uk") is None


def test_an_account_says_when_it_is_pulled(sessions: Sessions) -> None:
    pull = TAOBAO | {"every": "PT30S", "reconcile_at": "02:30"}
    save_account(sessions, "tmall", "taobao", "a secret of the tests", {"pull": pull})
    save_account(sessions, "shop-uk", "shopify", "a secret of the tests", {})

    assert pull_plans(sessions) == [PullPlan("tmall", timedelta(seconds=30), time(2, 30), "Asia/Shanghai", True)]
    account = find_account(sessions, "tmall")
    assert account is not None
    assert "hidden" not in repr(account.pull)


@pytest.mark.parametrize(
    ("translator", "changes", "field"),
    [
        ("taobao", {"url": "not an address"}, "pull.url"),
        ("taobao", {"every": "now and then"}, "pull.every"),
        ("taobao", {"every": 1}, "pull.every"),
        ("taobao", {"page_size": 0}, "pull.page_size"),
        ("taobao", {"secret": ""}, "pull.secret"),
        ("taobao", {"key": ""}, "pull.key"),
        ("shopify", {"token": ""}, "pull.token"),
        ("taobao", {"colour": "blue"}, "pull.colour"),
        ("woocommerce", {}, "pull"),
    ],
)
def test_a_wrong_setting_of_a_pull_is_named(
    sessions: Sessions, translator: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field}: ") as refusal:
        save_account(sessions, "tmall", translator, "a secret of the tests", {"pull": TAOBAO | changes})

    assert "hidden" not in str(refusal.value)


@pytest.mark.parametrize(
    ("translator", "changes", "field"),
    [
        ("shopify", {}, "access"),
        ("douyin", {"url": "nowhere"}, "access.url"),
        ("douyin", {"secret": ""}, "access.secret"),
        ("douyin", {"refresh_token": ""}, "access.refresh_token"),
        ("wechat", {"key": ""}, "access.key"),
        ("wechat", {"colour": "blue"}, "access.colour"),
    ],
)
def test_a_wrong_setting_of_an_access_is_named(
    sessions: Sessions, translator: str, changes: dict[str, Any], field: str
) -> None:
    access = {"url": "https://there.example", "key": "hidden", "secret": "hidden", "refresh_token": "hidden"}
    with pytest.raises(ValueError, match=f"^{field}: ") as refusal:
        save_account(sessions, "shop", translator, "a secret of the tests", {"access": access | changes})

    assert "hidden" not in str(refusal.value)


def test_an_import_with_another_translator_does_not_disturb_the_pull(sessions: Sessions) -> None:
    save_account(sessions, "tmall", "taobao", "a secret of the tests", {"pull": TAOBAO})

    account = find_account(sessions, "tmall", "plain")

    assert account is not None
    assert (account.name, account.pull) == ("plain", None)


def test_an_account_says_how_stock_is_pushed(sessions: Sessions) -> None:
    save_account(
        sessions, "shop-uk", "plain", "a secret of the tests", {"push": PUSH | {"every": "PT10S", "batch": 100}}
    )

    account = find_account(sessions, "shop-uk")

    assert account is not None
    assert account.push is not None
    assert (account.push.every, account.push.batch, account.push.enabled) == (timedelta(seconds=10), 100, True)
    assert "hidden" not in repr(account.push)


@pytest.mark.parametrize(
    ("translator", "changes", "field"),
    [
        ("plain", {"url": "not an address"}, "push.url"),
        ("plain", {"token": ""}, "push.token"),
        ("plain", {"batch": 0}, "push.batch"),
        ("plain", {"colour": "blue"}, "push.colour"),
        ("shopify", {}, "push.location"),
        ("shopify", {"location": "London"}, "push.location"),
    ],
)
def test_a_wrong_setting_of_a_push_is_named(
    sessions: Sessions, translator: str, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(ValueError, match=f"^{field}: ") as refusal:
        save_account(sessions, "shop-uk", translator, "a secret of the tests", {"push": PUSH | changes})

    assert "hidden" not in str(refusal.value)
