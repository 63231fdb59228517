"""Webhook signatures against published vectors: RFC 4231 case 2, and those of Standard Webhooks."""

import pytest

from integrations.channels import plain, shopify, woocommerce
from integrations.channels.signatures import HmacScheme, StandardWebhooks

KEY, BODY = "Jefe", b"what do ya want for nothing?"
HEX = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
BASE64 = "W9zBRr9gdU5qBCQmCJV1x1oAPwidJzmDnexYuWTsOEM="

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
MESSAGE = b'{"test": 2432232314}'
HEADERS = {
    "Webhook-Id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": "1614265330",
    "webhook-signature": "v1,bm90IHRoaXMgb25l v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


@pytest.mark.parametrize(
    ("scheme", "header", "signature"),
    [
        (shopify.SIGNATURE, "x-shopify-hmac-sha256", BASE64),
        (woocommerce.SIGNATURE, "X-WC-Webhook-Signature", BASE64),
        (HmacScheme("X-Signature"), "X-SIGNATURE", HEX),
        (HmacScheme("X-Signature"), "X-Signature", HEX.upper()),
        (HmacScheme("X-Hub", prefix="sha256="), "x-hub", "sha256=" + HEX),
        (HmacScheme("X-Md5", algorithm="md5"), "X-Md5", "750c783e6ab0b503eaa86e310a5db738"),
    ],
)
def test_only_the_right_signature_is_accepted(scheme: HmacScheme, header: str, signature: str) -> None:
    assert scheme.verify(KEY, {header: signature}, BODY)
    assert not scheme.verify(KEY, {header: signature}, BODY + b" ")
    assert not scheme.verify("Jeff", {header: signature}, BODY)
    assert not scheme.verify(KEY, {header: "é" + signature}, BODY)
    assert not scheme.verify(KEY, {header: ""}, BODY)
    assert not scheme.verify(KEY, {}, BODY)


def test_an_empty_secret_verifies_nothing() -> None:
    scheme = HmacScheme("X-Signature")

    assert not scheme.verify("", {"X-Signature": scheme.sign("", BODY)}, BODY)


def test_a_standard_webhook_is_valid_for_five_minutes() -> None:
    def at(seconds: float) -> bool:
        return StandardWebhooks(clock=lambda: seconds).verify(SECRET, HEADERS, MESSAGE)

    assert at(1614265330)
    assert at(1614265330 + 299)
    assert not at(1614265330 + 301)
    assert not at(1614265330 - 301)


@pytest.mark.parametrize("changed", ["Webhook-Id", "webhook-timestamp", "webhook-signature"])
@pytest.mark.parametrize("value", ["", "1614265331", "v1,", "é", "9" * 5_000])
def test_a_standard_webhook_with_a_changed_header_is_refused(changed: str, value: str) -> None:
    scheme = StandardWebhooks(clock=lambda: 1614265330)

    assert not scheme.verify(SECRET, HEADERS | {changed: value}, MESSAGE)


def test_our_own_events_are_standard_webhooks() -> None:
    assert isinstance(plain.SIGNATURE, StandardWebhooks)


def test_an_unknown_scheme_is_refused_when_it_is_configured() -> None:
    with pytest.raises(ValueError, match="no such signature"):
        HmacScheme("X-Signature", encoding="base32")
