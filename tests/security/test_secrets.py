"""An empty or short secret is refused: the process does not start, and the account is not saved."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from api.channels.webhooks import signed_message
from commands.channels import save_account
from domain.secrets import is_secret, is_webhook_secret
from integrations.channels.signatures import HmacScheme
from models.database import Sessions
from record.channels.accounts import make_account
from settings import Settings
from tests.conftest import SECRETS_KEY, partner

PARTNERS = ("wms", "tms", "payments", "erp", "crm", "channel", "inbox")
QIMEN = {"url": "http://q", "app_key": "a", "customer_id": "c", "owner_code": "o", "warehouses": {}}


def settings_with(**changes: Any) -> Settings:
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    return Settings(_env_file=None, **{"secrets_key": SECRETS_KEY, **partners, **changes})


@pytest.mark.parametrize("secret", ["", " ", "short", "0" * 40, "whsec_"])
@pytest.mark.parametrize(
    "name", ["identity_key", "trace_key", "secrets_key", "kuaidi100_salt", "sf_checkword", "qimen.secret", "wms.secret"]
)
def test_no_process_starts_with_an_empty_or_short_secret(name: str, secret: str) -> None:
    outer, _, inner = name.partition(".")
    value: Any = secret
    if inner:
        value = (QIMEN if outer == "qimen" else {"url": "http://127.0.0.1:9"}) | {inner: secret}
    with pytest.raises(ValidationError) as refusal:
        settings_with(**{outer: value})
    # The error names the setting.
    assert name in str(refusal.value)
    assert ".".join(str(part) for part in refusal.value.errors()[0]["loc"]) == name


def test_every_secret_setting_refuses_an_empty_text() -> None:
    """If this fails for a new setting, declare it as a Secret, WebhookSecret or Key."""
    open_ones = []
    for name, known in Settings.model_fields.items():
        if "SecretStr" in str(known.annotation) and name != "database_password":
            try:
                settings_with(**{name: SecretStr("")})
                open_ones.append(name)
            except ValidationError:
                continue
    assert open_ones == []


def test_an_env_file_with_an_empty_secret_is_refused(tmp_path: Path) -> None:
    env = tmp_path / ".env"
    env.write_text("BATON_KUAIDI100_SALT=\n")
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    with pytest.raises(ValidationError, match="kuaidi100_salt"):
        Settings(_env_file=str(env), secrets_key=SecretStr(SECRETS_KEY), **partners)


@pytest.mark.parametrize("secret", ["", "secret", "x" * 16])
def test_no_account_is_saved_with_a_guessable_secret(sessions: Sessions, secret: str) -> None:
    with pytest.raises(ValueError, match="shorter than 16"):
        save_account(sessions, "shop-uk", "shopify", secret, {})
    # nor is a webhook believed, if the account was saved before
    signed = {"X-Shopify-Hmac-SHA256": HmacScheme("X", encoding="base64").sign(secret, b"{}")}
    assert signed_message(make_account("shop-uk", "shopify", secret), signed, {}, b"{}") is None


def test_secrets_of_sufficient_length_are_accepted() -> None:
    assert is_secret("a secret of the channel")
    assert is_webhook_secret(partner().secret.get_secret_value())
    assert not is_webhook_secret("whsec_" + "YQ==")
    assert not is_webhook_secret("whsec_not base64!")
