"""A channel says what its customer reads."""

import json
from typing import Any

import pytest

from integrations.channels import plain, shopify
from tests.channels.payloads import parsed


def in_our_words(language: Any) -> bytes:
    body = parsed("plain", "ordinary")
    told = body.get("data", body)
    told["customer"] |= {"language": language}
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("said", "read"), [("en", "en"), ("zh-CN", "zh-CN"), ("pt_BR", "pt-BR"), ("", ""), (None, ""), ("Klingon!", "")]
)
def test_a_language_that_can_be_read_is_the_customers(said: Any, read: str) -> None:
    of_shopify = json.dumps(parsed("shopify", "ordinary") | {"customer_locale": said}).encode()

    assert plain.translate(in_our_words(said)).order.language == read
    assert shopify.translate(of_shopify).order.language == read
