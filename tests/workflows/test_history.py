"""Support can read a history from Temporal, and from the copy kept after Temporal's retention."""

from pathlib import Path

import pytest
from sqlalchemy import text
from temporalio.client import WorkflowHistory

from commands.keys import create_key
from tests.api.conftest import NOBODY, running
from tests.baton import Baton, eventually
from workflows.history import Happening, happenings, has_ended

RECORDED = sorted((Path(__file__).parents[1] / "histories").glob("*.json"), key=lambda path: path.stem)


def recorded(name: str) -> list[Happening]:
    path = next(path for path in RECORDED if path.stem == name)
    return happenings(WorkflowHistory.from_json(name, path.read_text()))


def test_a_step_shows_its_attempts_failure_and_duration() -> None:
    step = next(one for one in recorded("carrier-down") if one.name == "book_shipment")

    assert (step.kind, step.outcome, step.attempts) == ("step", "done", 4)
    assert step.failure.endswith("answered 503")
    assert step.seconds is not None
    assert step.seconds > 1


def test_a_deadline_that_passed_differs_from_one_not_needed() -> None:
    waits = [one for one in recorded("held-and-late") if one.kind == "wait"]

    assert {wait.outcome for wait in waits} == {"over", "not needed"}
    assert all(wait.summary for wait in waits)


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: path.stem)
def test_every_recorded_history_is_read_to_its_end(path: Path) -> None:
    found = recorded(path.stem)

    assert has_ended(found)
    assert all(one.summary and one.outcome for one in found if one.kind == "step")


async def test_the_history_of_an_order_is_the_same_without_temporal(quick: Baton) -> None:
    # given a delivered order, and its history as Temporal has it
    order_id = await quick.order("forgotten")
    await quick.until_status(order_id, "completed")
    await quick.workflow(order_id).result()
    before = await history(quick, order_id)
    assert before["workflows"][0]["happenings"][-1]["kind"] == "end"

    # when it was kept, and there is no Temporal to ask
    await eventually(lambda: due(quick, order_id), lambda rows: rows > 0)
    with quick.sessions.begin() as session:
        session.execute(text("UPDATE histories_due SET look_after = now() WHERE subject = :id"), {"id": order_id})
    await eventually(lambda: due(quick, order_id), lambda rows: rows == 0)
    async with running(quick.settings.model_copy(update={"temporal_address": NOBODY})) as connect:
        api = connect(create_key(quick.sessions, "Vera of finance", "viewer"))
        response = await api.get(f"/orders/{order_id}/history")

    # then it reads as before
    assert response.json() == before


async def test_an_order_under_way_shows_what_it_waits_for(silent: Baton) -> None:
    order_id = await silent.order("waiting")
    await silent.until_fulfillment(order_id, "released")

    found = (await history(silent, order_id))["workflows"][0]["happenings"]

    waiting = [one for one in found if one["kind"] == "wait" and not one["outcome"]]
    assert [one["summary"] for one in waiting] == ["deadline: the pick at GUANGZHOU, or a later one"]


async def history(baton: Baton, order_id: str) -> dict[str, list[dict[str, list[dict[str, str]]]]]:
    response = await baton.api.get(f"/orders/{order_id}/history")
    assert response.status_code == 200, response.text
    return dict(response.json())


async def due(baton: Baton, order_id: str) -> int:
    with baton.sessions() as session:
        rows = session.scalar(text("SELECT count(*) FROM histories_due WHERE subject = :id"), {"id": order_id})
    return int(rows or 0)
