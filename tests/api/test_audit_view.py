"""`GET /orders/{id}/audit`, and how the real name of a buyer is taken in."""

from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from domain.audit_rules import AUDIT_RULES, audit, inputs
from models.database import Sessions
from models.order import AuditRow
from settings import Settings
from tests.api.conftest import Api, assert_problem, fields, order_body
from tests.domain.audit_cases import PASSING, addressed

KIM = {"real_name": "金秀贤", "id_number": "360426199101010071"}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"identity_key": SecretStr("a key of the tests")})


def written(sessions: Sessions, order_id: str, revision: int, judged: Any) -> None:
    findings = [finding.as_json() for finding in audit(judged)]
    with sessions.begin() as session:
        session.add(
            AuditRow(
                order_id=order_id, revision=revision, findings=findings, facts=inputs(judged), parameters="5f2a90c1d3be"
            )
        )


async def test_every_check_of_every_audit_is_shown_with_its_facts(
    staff: Api, viewer: Api, sessions: Sessions, place: Any
) -> None:
    # given
    order_id = await place()
    written(sessions, order_id, 1, addressed(district="墨脱县"))
    written(sessions, order_id, 2, PASSING["in_china"])

    # when
    shown = (await viewer.get(f"/orders/{order_id}/audit")).json()

    # then
    first, second = shown["audits"]
    assert [audit["revision"] for audit in (first, second)] == [1, 2]
    assert [check["rule"] for check in second["checks"]] == [rule.__name__ for rule in AUDIT_RULES]
    assert {check["verdict"] for check in second["checks"]} == {"pass"}
    assert all(check["facts"] and check["version"] for check in second["checks"])
    (held,) = (check for check in first["checks"] if check["verdict"] == "hold")
    assert (held["code"], held["owner_role"], held["on_expiry"]) == ("REMOTE_AREA", "staff", "escalate")
    assert (held["facts"]["remote"], held["facts"]["country"]) == (["墨脱县"], "CN")
    assert first["parameters"] == "5f2a90c1d3be"


async def test_an_order_not_yet_audited_has_no_audits(staff: Api, place: Any) -> None:
    order_id = await place()
    assert (await staff.get(f"/orders/{order_id}/audit")).json() == {"order_id": order_id, "audits": []}


async def test_another_channel_does_not_see_the_audit(shop: Api, place: Any) -> None:
    assert_problem(await shop.get(f"/orders/{await place()}/audit"), 404, "not-found")


async def test_of_a_real_name_only_a_token_and_four_digits_are_kept(
    tmall: Api, sessions: Sessions, settings: Settings
) -> None:
    # given the same person twice, and somebody else's order
    bodies = [order_body(channel_order_id=f"TM-{number}", buyer=KIM) for number in (1, 2)]
    bodies.append(order_body(channel_order_id="TM-3"))

    # when
    answers = [await tmall.post("/orders", json=body) for body in [*bodies, bodies[0]]]

    # then
    assert [answer.status_code for answer in answers] == [202, 202, 202, 200]
    with sessions() as session:
        rows = session.execute(text("SELECT buyer_token, buyer_last4, buyer_name FROM orders ORDER BY 1, 2")).all()
        everything = str(session.execute(text("SELECT to_jsonb(o) FROM orders o")).all())
    assert [row[1:] for row in rows] == [("", ""), ("0071", "金**"), ("0071", "金**")]
    assert rows[1][0] == rows[2][0] != ""
    assert KIM["id_number"] not in everything
    assert "金秀贤" not in everything


@pytest.mark.parametrize("number", ["360426199101010072", "36042619910101007", "360426199113010071", "X"])
async def test_a_number_with_a_wrong_check_digit_is_refused_and_not_repeated(tmall: Api, number: str) -> None:
    answer = await tmall.post("/orders", json=order_body(buyer={**KIM, "id_number": number}))
    assert fields(assert_problem(answer, 422, "invalid")) == ["buyer.id_number"]
    assert len(number) < 2 or number not in answer.text


async def test_a_real_name_is_refused_without_an_identity_key(nobody: Api, manager: Api) -> None:
    answer = await manager.post("/orders", json=order_body(buyer=KIM))
    assert fields(assert_problem(answer, 422, "invalid")) == ["buyer"]
