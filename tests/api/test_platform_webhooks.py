"""Pushes of platforms as they really send them: their own signature, probe and answer."""

import json

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
