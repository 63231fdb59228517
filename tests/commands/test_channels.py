"""An account that would not work is refused when it is opened, not when its first webhook comes."""

from typing import Any

import pytest

from commands.channels import save_account
from intake.accounts import find_account
from models.database import Sessions


def test_an_account_is_opened_and_changed(sessions: Sessions) -> None:
    save_account(sessions, "shop-uk", "shopify", "first", {})
    save_account(sessions, "shop-uk", "shopify", "second", {"currency": "GBP", "country": "GB"})

    account = find_account(sessions, "shop-uk")

    assert account is not None
    assert (account.secret, account.shop.channel, account.shop.currency) == ("second", "shop-uk", "GBP")


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
def test_an_account_that_would_not_work_is_refused(
    sessions: Sessions, channel: str, translator: str, settings: dict[str, Any]
) -> None:
    with pytest.raises((ValueError, TypeError)):
        save_account(sessions, channel, translator, "secret", settings)
    assert find_account(sessions, "shop-uk") is None
