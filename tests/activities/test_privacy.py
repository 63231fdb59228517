"""Inputs, answers and failures of steps stay in Temporal's history, which nobody can edit: none may name a person."""

import traceback
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse

from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.tms import Tms
from integrations.wms import Wms
from tests.activities.asides import ASIDES, UNDOS
from tests.activities.story import STORY, Steps
from tests.factories import RECEIVER
from tests.integrations.servers import SECRET, serving

SECRETS = (*RECEIVER["name"].split(), "5550 7421", "xiadan@", "Plum Blossom")
BESIDE = {**ASIDES, **UNDOS}
WITH_PARTNERS = (
    *("audit_order", "release_to_pick", "book_shipment", "announce_return", "refund_return", "redeliver_batch"),
    *("recall_pick", "void_waybill", "intercept_parcel", "refund_order", "repay_lines"),
)


class Overheard:
    """A group of activities that notes each input and answer, as Temporal records them."""

    def __init__(self, steps: Any, heard: list[str]) -> None:
        self._steps, self._heard = steps, heard

    def __getattr__(self, name: str) -> Any:
        def call(request: Any) -> Any:
            self._heard.append(repr(request))
            answer = getattr(self._steps, name)(request)
            self._heard.append(repr(answer))
            return answer

        return call


def overhear(steps: Steps, heard: list[str]) -> Steps:
    groups = {field.name: getattr(steps, field.name) for field in fields(steps)}
    own = ("sessions", "order_id", "stored")
    return replace(steps, **{name: Overheard(group, heard) for name, group in groups.items() if name not in own})


def named_in(text: str) -> list[str]:
    return [secret for secret in SECRETS if secret.lower() in text.lower()]


async def talkative(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
    """A partner that refuses everything and names the customer."""
    if scope["type"] != "http":
        return
    await Request(scope, receive).body()
    problem = {"code": "not_for_her", "detail": f"{RECEIVER['name']} of {RECEIVER['lines'][0]} is not welcome"}
    await JSONResponse(problem, status_code=409)(scope, receive, send)


async def confused(scope: Mapping[str, Any], receive: Any, send: Any) -> None:
    """A partner that answers with what it was sent, and an error."""
    if scope["type"] != "http":
        return
    body = (await Request(scope, receive).body()).decode()
    await JSONResponse({"detail": body, "name": RECEIVER["name"]}, status_code=500)(scope, receive, send)


@pytest.fixture(scope="module")
def rude(request: pytest.FixtureRequest) -> Iterator[PartnerHttp]:
    with serving(request.param) as address:
        client = PartnerHttp("rude", address, SECRET, timeout_seconds=2.0)
        yield client
        client.close()


def connected_to(partner: PartnerHttp, steps: Steps) -> Steps:
    for group in (steps.pick, steps.returns):
        group.wms = Wms(partner)
    steps.audit.payments = Payments(partner)
    for payer in (steps.refunds, steps.shortages, steps.return_refunds):
        payer.ways = replace(payer.ways, payments=Payments(partner))
    steps.ship.tms = Tms(partner)
    letters = steps.redeliver.rounds.letters
    letters.inboxes = dict.fromkeys(letters.inboxes, MessageInbox(partner))
    return steps


def test_no_input_or_answer_of_a_step_names_a_person(steps: Steps) -> None:
    # given
    heard: list[str] = []
    listened = overhear(steps, heard)

    # when
    listened.up_to("redeliver_batch")

    # then
    assert len(heard) == 2 * len(STORY)
    assert named_in("\n".join(heard)) == []


@pytest.mark.parametrize("step", BESIDE)
def test_no_step_beside_the_story_names_a_person(step: str, steps: Steps) -> None:
    # given
    heard: list[str] = []
    steps.up_to(BESIDE[step].after)

    # when
    BESIDE[step].act(overhear(steps, heard))

    # then
    assert heard or step == "receive_goods"
    assert named_in("\n".join(heard)) == []


@pytest.mark.parametrize("rude", [talkative, confused], ids=["talkative", "confused"], indirect=True)
@pytest.mark.parametrize("step", WITH_PARTNERS)
def test_a_partner_that_names_a_person_is_not_quoted(step: str, rude: PartnerHttp, steps: Steps) -> None:
    # given
    steps.before(step) if step in STORY else steps.up_to(BESIDE[step].after)
    connected_to(rude, steps)

    # when
    try:
        shown = repr((STORY[step] if step in STORY else BESIDE[step].act)(steps))
    except Exception:
        shown = traceback.format_exc()

    # then
    assert named_in(shown) == []
