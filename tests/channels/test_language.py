"""The customer's language from the channel."""

import json
from typing import Any

import pytest

from integrations.channels import plain, shopify
from tests.channels.payloads import parsed


def plain_order(language: Any) -> bytes:
    body = parsed("plain", "ordinary")
    order = body.get("data", body)
    order["customer"] |= {"language": language}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("sent", "read"), [("en", "en"), ("zh-CN", "zh-CN"), ("pt_BR", "pt-BR"), ("", ""), (None, ""), ("Klingon!", "")]
)
def test_a_readable_language_is_kept_and_any_other_dropped(sent: Any, read: str) -> None:
    shopify_order = json.dumps(parsed("shopify", "ordinary") | {"customer_locale": sent}).encode()

    assert plain.translate(plain_order(sent)).order.language == read
    assert shopify.translate(shopify_order).order.language == read
