"""docs/asyncapi.yaml tells every public event with an example, which is what is sent."""

from typing import Any

import pytest
import yaml

from domain.public_events import PING, PUBLIC, public_type
from tests.docs.asyncapi import PAGE, example_of, written
from tests.docs.schema import mistakes

TOLD: dict[str, Any] = {
    message["name"]: message for message in yaml.safe_load(PAGE.read_text())["components"]["messages"].values()
}


def test_the_page_is_that_of_the_table() -> None:
    assert written() == PAGE.read_text(), "run `python -m tests.docs.asyncapi` and read the page again"


def test_every_public_event_is_told_and_no_other() -> None:
    assert set(TOLD) == {PING, *map(public_type, PUBLIC)}


@pytest.mark.parametrize("kind", TOLD)
def test_an_example_is_as_its_schema_says(kind: str) -> None:
    [example] = TOLD[kind]["examples"]

    assert list(mistakes(example["payload"], TOLD[kind]["payload"])) == []


@pytest.mark.parametrize("event", PUBLIC)
def test_an_example_is_what_is_sent(event: str) -> None:
    [example] = TOLD[public_type(event)]["examples"]

    assert yaml.safe_load(example_of(event)) == example["payload"]
    assert "somebody wrote this" not in example_of(event)


def test_a_schema_finds_what_is_wrong() -> None:
    schema = TOLD["com.baton.order.received"]["payload"]
    example = TOLD["com.baton.order.received"]["examples"][0]["payload"]
    wrong = example | {"sequence": "7", "extra": 1, "data": {"order_id": 7, "total": {"amount": "1"}}}

    assert len(list(mistakes(wrong, schema))) == 6
