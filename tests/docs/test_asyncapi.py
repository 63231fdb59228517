"""docs/asyncapi.yaml describes every public event, with an example of what is sent."""

from typing import Any

import pytest
import yaml

from domain.public_events import PING, PUBLIC, public_type
from tests.docs.asyncapi import PAGE, example_of, written
from tests.docs.schema import mistakes

MESSAGES: dict[str, Any] = {
    message["name"]: message for message in yaml.safe_load(PAGE.read_text())["components"]["messages"].values()
}


def test_the_page_is_current() -> None:
    assert written() == PAGE.read_text(), "run `python -m tests.docs.asyncapi` and read the page again"


def test_every_public_event_is_listed_and_no_other() -> None:
    assert set(MESSAGES) == {PING, *map(public_type, PUBLIC)}


@pytest.mark.parametrize("kind", MESSAGES)
def test_an_example_matches_its_schema(kind: str) -> None:
    [example] = MESSAGES[kind]["examples"]

    assert list(mistakes(example["payload"], MESSAGES[kind]["payload"])) == []


@pytest.mark.parametrize("event", PUBLIC)
def test_an_example_is_the_event_as_it_is_sent(event: str) -> None:
    [example] = MESSAGES[public_type(event)]["examples"]

    assert yaml.safe_load(example_of(event)) == example["payload"]
    assert "somebody wrote this" not in example_of(event)


def test_a_schema_finds_each_mistake() -> None:
    schema = MESSAGES["com.baton.order.received"]["payload"]
    example = MESSAGES["com.baton.order.received"]["examples"][0]["payload"]
    wrong = example | {"sequence": "7", "extra": 1, "data": {"order_id": 7, "total": {"amount": "1"}}}

    assert len(list(mistakes(wrong, schema))) == 6
