"""Which terms of payment an order has, and what a table of them may say."""

from typing import Any

import pytest

from domain.parameters import NotAParameter, read_value
from domain.payment_terms import BY_GATEWAY, PaymentTerms, TermsKind, terms_of

BY_PLATFORM = PaymentTerms(TermsKind.PLATFORM)
BY_HAND = PaymentTerms(TermsKind.PLATFORM, refunds="person")
TABLE = {"taobao": {"*": BY_HAND, "cod": BY_GATEWAY}, "*": {"wallet": BY_PLATFORM}}


@pytest.mark.parametrize(
    ("channel", "method", "terms"),
    [
        ("taobao", "alipay", BY_HAND),
        ("taobao", "cod", BY_GATEWAY),
        ("taobao", "wallet", BY_HAND),
        ("jd", "wallet", BY_PLATFORM),
        ("jd", "card", BY_GATEWAY),
    ],
)
def test_the_most_exact_pair_counts_a_channel_before_a_method(channel: str, method: str, terms: PaymentTerms) -> None:
    assert terms_of(TABLE, channel, method) == terms


def test_a_table_is_read_with_its_options() -> None:
    value = {"taobao": {"*": {"kind": "platform", "refunds": "person"}}}
    assert read_value("payment_terms", value) == {"taobao": {"*": BY_HAND}}


@pytest.mark.parametrize(
    "terms",
    [{}, {"kind": "barter"}, {"kind": "gateway", "refunds": "person"}, {"kind": "platform", "refunds": "nobody"}, "x"],
)
def test_terms_that_do_not_exist_are_refused(terms: Any) -> None:
    with pytest.raises(NotAParameter, match="payment_terms"):
        read_value("payment_terms", {"taobao": {"*": terms}})
