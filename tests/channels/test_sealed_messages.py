"""WeChat's encrypted messages, against the example that WeChat publishes with its own code."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations.channels.sealed import SealedMessages

TOKEN, APP = "spamtest", "wx2c2769f8efd9abc2"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
SEALED = (
    "hyzAe4OzmOMbd6TvGdIOO6uBmdJoD0Fk53REIHvxYtJlE2B655HuD0m8KUePWB3+LrPXo87wzQ1QLvbeUgmBM4x6F8PGHQHFVAFmOD2LdJF9FrXp"
    "bUAh0B5GIItb52sn896wVsMSHGuPE328HnRGBcrS7C41IzDWyWNlZkyyXwon8T332jisa+h6tEDYsVticbSnyU8dKOIbgU6ux5VTjg3yt+WGzjlp"
    "Kn6NPhRjpA912xMezR4kw6KWwMrCVKSVCZciVGCgavjIQ6X8tCOp3yZbGpy0VxpAe+77TszTfRd5RJSVO/HTnifJpXgCSUdUue1v6h0EIBYYI1BD"
    "1DlD+C0CR8e6OewpusjZ4uBl9FyJvnhvQl+q5rv1ixrcpCumEPo5MJSgM9ehVsNPfUM669WuMyVWQLCzpu9GhglF2PE="
)
QUERY = {
    "timestamp": "1409735669",
    "nonce": "1320562132",
    "msg_signature": "5d197aaffba7e9b25a30732f161a50dee96bd5fa",
    "signature": "16120ec1b8dbb870f510d87ce6bc2463eae6ca1a",
    "echostr": "shr5ch",
}
SCHEME = SealedMessages(APP, AES_KEY)


def body(sealed: str = SEALED) -> bytes:
    return json.dumps({"ToUserName": "gh_10f6c3c3ac5a", "Encrypt": sealed}).encode()


def test_the_published_message_is_opened() -> None:
    message = SCHEME.open(TOKEN, QUERY, body())

    assert message is not None
    assert b"<Content><![CDATA[abcdteT]]></Content>" in message


@pytest.mark.parametrize(
    ("scheme", "secret", "query", "raw"),
    [
        (SCHEME, "another", QUERY, body()),
        (SCHEME, "", QUERY, body()),
        (SealedMessages("wx-another-app", AES_KEY), TOKEN, QUERY, body()),
        (SealedMessages(APP, AES_KEY[::-1]), TOKEN, QUERY, body()),
        (SealedMessages(APP, "é"), TOKEN, QUERY, body()),
        (SealedMessages(APP), TOKEN, QUERY, body()),
        (SCHEME, TOKEN, QUERY | {"nonce": "1"}, body()),
        (SCHEME, TOKEN, QUERY | {"msg_signature": "é"}, body()),
        (SCHEME, TOKEN, {}, body()),
        (SCHEME, TOKEN, QUERY, body(SEALED[:-4])),
        (SCHEME, TOKEN, QUERY, b'{"Event": "in plain text"}'),
        (SCHEME, TOKEN, QUERY, b"<xml>"),
    ],
)
def test_anything_else_is_refused(scheme: SealedMessages, secret: str, query: Mapping[str, str], raw: bytes) -> None:
    assert scheme.open(secret, query, raw) is None


@pytest.mark.parametrize(
    "plain", [b"", b"\x00" * 16, b"\x00" * 15 + b"\x21", b"r" * 16 + b"\xff\xff\xff\xff" + b"m" * 12]
)
def test_a_signed_text_that_holds_no_message_is_refused(plain: bytes) -> None:
    key = b64decode(AES_KEY + "=")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    sealed = b64encode(cipher.update(plain) + cipher.finalize()).decode()

    assert SCHEME._decrypted(sealed) is None
    assert SCHEME._decrypted("not base64") is None


def test_the_address_proves_itself_with_the_text_that_was_asked_for() -> None:
    assert SCHEME.echo(TOKEN, QUERY) == "shr5ch"
    for changes in ({"echostr": ""}, {"echostr": "x" * 201}, {"echostr": "a\nb"}, {"signature": ""}, {"nonce": "2"}):
        assert SCHEME.echo(TOKEN, QUERY | changes) is None
    assert SCHEME.echo("another", QUERY) is None
