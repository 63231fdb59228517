"""Temporal knows a customer only by a token, which means nothing without its key."""

from pydantic import SecretStr

from settings import Settings
from workflows import search_attributes
from workflows.starting import order_start, return_start

FIRST, SECOND, IDENTITY = "a" * 64, "b" * 64, "c" * 64


def test_no_workflow_start_contains_the_customers_id(settings: Settings) -> None:
    starts = [
        order_start(settings, "O-1", "tmall", "T-1", "C-1001", 1),
        return_start(settings, "O-1", "tmall", "T-1", "C-1001", "K-1"),
    ]

    token = settings.customer_token("C-1001")
    for start in starts:
        assert "C-1001" not in str(start)
        assert start["search_attributes"][search_attributes.CUSTOMER_ID] == token


def test_a_token_depends_on_the_customer_and_the_key(settings: Settings) -> None:
    def token(customer_id: str, **keys: str) -> str:
        given = {name: SecretStr(key) for name, key in keys.items()}
        return settings.model_copy(update=given).customer_token(customer_id)

    # Of a key that is rolled the new one counts; an identity key, which never changes, comes first.
    tokens = {
        token("C-1"),
        token("C-2"),
        token("C-1", secrets_key=FIRST),
        token("C-1", secrets_key=SECOND),
        token("C-1", identity_key=IDENTITY, secrets_key=SECOND),
    }
    assert len(tokens) == 5
    assert token("C-1", secrets_key=f"{SECOND},{FIRST}") == token("C-1", secrets_key=SECOND)
    assert token("C-1", identity_key=IDENTITY) == token("C-1", identity_key=IDENTITY, secrets_key=SECOND)
