"""Pushes of platforms as they really send them: their own signature, probe and answer."""

import hashlib
import json
import os
from base64 import b64decode, b64encode

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from integrations.channels.signatures import AppSignature
from models.channel import IntakeRow
from models.database import Sessions
from tests.api.channel_calls import SECRET, open_account
from tests.api.conftest import Api, assert_problem
from tests.api.test_messages import alerts_of

KEY = "7000000000000000001"
ACCESS = {"url": "http://127.0.0.1:9", "key": KEY, "secret": SECRET, "refresh_token": "r-1"}
SUCCESS = {"code": 0, "msg": "success"}


async def test_douyin_hears_success_for_its_messages_and_its_probe(anybody: Api, sessions: Sessions) -> None:
    # given
    open_account(sessions, "douyin", "douyin", access=ACCESS, pull={})
    paid = {"tag": "101", "msg_id": "m-1", "data": json.dumps({"p_id": 6917, "s_ids": [6918]})}
    probe = [{"tag": "0", "msg_id": "0", "data": "2021-11-04"}]
    sign = AppSignature("event-sign", KEY).sign

    # when
    answers = []
    for messages in ([paid], [paid], probe):
        raw = json.dumps(messages).encode()
        headers = {"event-sign": sign(SECRET, raw), "app-id": KEY}
        answers.append(await anybody.post("/channels/douyin/webhooks", content=raw, headers=headers))

    # then
    assert [(answer.status_code, answer.json()) for answer in answers] == [(200, SUCCESS)] * 3
    with sessions() as session:
        kept = {row.status: row.wanted for row in session.query(IntakeRow)}
    assert kept == {"waiting": [{"order_id": "6917", "kind": "paid", "event_id": "m-1"}], "ignored": []}


async def test_a_message_that_douyin_did_not_sign_is_refused(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "douyin", "douyin", access=ACCESS)
    open_account(sessions, "relayed", "douyin")
    raw = json.dumps([{"tag": "101", "msg_id": "m-1", "data": "{}"}]).encode()
    # A part of the body may not pass for the app's key.
    key, rest = raw[:1].decode(), raw[1:]
    moved = AppSignature("event-sign", key).sign(SECRET, rest)

    for channel, given, body in (("douyin", "", raw), ("douyin", moved, rest), ("relayed", moved, rest)):
        headers = {"event-sign": given, "app-id": key}
        answer = await anybody.post(f"/channels/{channel}/webhooks", content=body, headers=headers)
        assert_problem(answer, 401, "unauthenticated")


async def test_an_account_that_lost_its_permission_is_an_alert_until_it_is_given_again(
    staff: Api, sessions: Sessions
) -> None:
    refused = {"refused": "not_renewed", "refused_at": "2026-11-30T08:00:00+00:00"}
    open_account(sessions, "douyin", "douyin", access=ACCESS | refused)

    [alert] = await alerts_of(staff)
    open_account(sessions, "douyin", "douyin", access=ACCESS)

    assert (alert["kind"], alert["recipient"], alert["reason"]) == ("account.refused", "douyin", "not_renewed")
    assert alert["page"].startswith("https://fxg.jinritemai.com/")
    assert SECRET not in json.dumps(alert)
    assert await alerts_of(staff) == []


async def test_wechat_proves_its_address_and_its_messages_are_opened(anybody: Api, sessions: Sessions) -> None:
    # given
    app, key = "wx0000000000000001", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
    access = {"url": "http://127.0.0.1:9", "key": app, "secret": SECRET, "aes_key": key}
    open_account(sessions, "wechat", "wechat", access=access, pull={})
    message = {"Event": "channels_ec_order_pay", "CreateTime": 1767225690, "order_info": {"order_id": "37046"}}

    # when
    address = "/channels/wechat/webhooks"
    proof = {"timestamp": "1", "nonce": "2", "echostr": "echo-3", "signature": sha1_of(SECRET, "1", "2")}
    proved = await anybody.get(address, params=proof)
    answers = []
    for nonce in ("4", "5"):
        sealed = seal(json.dumps(message).encode(), key, app)
        query = {"timestamp": "1", "nonce": nonce, "msg_signature": sha1_of(SECRET, "1", nonce, sealed)}
        answers.append(await anybody.post(address, params=query, json={"ToUserName": "gh", "Encrypt": sealed}))
    plain = await anybody.post(address, params=proof, json=message)

    # then
    assert (proved.status_code, proved.text) == (200, "echo-3")
    assert proved.headers["content-type"].startswith("text/plain")
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, "success")] * 2
    assert_problem(plain, 401, "unauthenticated")
    assert_problem(await anybody.get(address, params=proof | {"nonce": "9"}), 401, "unauthenticated")
    with sessions() as session:
        [kept] = session.query(IntakeRow).all()
    assert (json.loads(kept.raw), kept.status, kept.tries) == (message, "waiting", 2)
    assert kept.wanted[0]["order_id"] == "37046"


async def test_a_channel_that_does_not_prove_its_address_so_has_no_such_page(anybody: Api, sessions: Sessions) -> None:
    open_account(sessions, "tmall")

    for channel in ("tmall", "nobody"):
        answer = await anybody.get(f"/channels/{channel}/webhooks", params={"echostr": "x", "signature": "y"})
        assert_problem(answer, 404, "not-found")


def sha1_of(*parts: str) -> str:
    return hashlib.sha1("".join(sorted(parts)).encode(), usedforsecurity=False).hexdigest()


def seal(message: bytes, aes_key: str, app: str) -> str:
    """Encrypt as WeChat does: random bytes, the length, the message and the app's id, filled up to 32 bytes."""
    text = os.urandom(16) + len(message).to_bytes(4, "big") + message + app.encode()
    text += bytes([32 - len(text) % 32]) * (32 - len(text) % 32)
    key = b64decode(aes_key + "=")
    cipher = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return b64encode(cipher.update(text) + cipher.finalize()).decode()
