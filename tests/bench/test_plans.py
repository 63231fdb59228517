"""No statement of a day's work reads more because there were more orders before.

PLANS_FEW=5000 and PLANS_MANY=100000 test it with as many orders; `baton bench plans` with millions.
"""

import os
from collections.abc import Iterator, Mapping

import pytest
from sqlalchemy import Engine, text
from temporalio.testing import WorkflowEnvironment

from commands.bench.day import Day
from commands.bench.planting import Template, plant, read_template
from commands.bench.statements import FEW_BLOCKS, Explained, Growth, explaining, grown
from embedded.postgres import EmbeddedPostgres
from models.database import open_database
from tests.baton import open_baton
from tests.databases import copy_template

FEW, MANY = int(os.environ.get("PLANS_FEW", 1_000)), int(os.environ.get("PLANS_MANY", 10_000))
GROWING = text("SELECT count(*) FROM order_events WHERE type = 'nobody asks for it by this'")
BY_KEY = text("SELECT status FROM orders WHERE order_id = 'not there'")


@pytest.fixture(scope="module")
def shops(postgres: EmbeddedPostgres) -> Iterator[Mapping[str, Engine]]:
    """Three empty databases: in the first a template is made, from which the others get few and many orders."""
    engines = {name: open_database(copy_template(postgres, f"plans_{name}")) for name in ("first", "few", "many")}
    yield engines
    for engine in engines.values():
        engine.dispose()


async def live_a_day(environment: WorkflowEnvironment, shop: Engine, name: str) -> Mapping[str, Explained]:
    with explaining() as statements:
        async with open_baton(environment, shop.url.render_as_string(hide_password=False)) as baton:
            await Day(baton.api, baton.say, name).live()
            with baton.sessions() as session:
                session.execute(GROWING)
                session.execute(BY_KEY)
    return statements.most


def fill(shop: Engine, template: Template, orders: int) -> None:
    plant(shop, template, orders, FEW, 1, lambda done: None)


async def test_no_statement_of_a_days_work_reads_more_after_more_orders(
    temporal: WorkflowEnvironment, shops: Mapping[str, Engine]
) -> None:
    # given
    await live_a_day(temporal, shops["first"], "FIRST")
    template = read_template(shops["first"])
    fill(shops["few"], template, FEW)
    fill(shops["many"], template, MANY)

    # when
    few = await live_a_day(temporal, shops["few"], "FEW")
    many = await live_a_day(temporal, shops["many"], "MANY")

    # then only the one that reads every fact is found
    found = grown(few, many)
    assert [one.statement for one in found] == [str(GROWING)]
    assert str(BY_KEY) in many
    assert len(many) > 250


def test_a_statement_has_grown_if_it_reads_more_than_twice_as_much() -> None:
    few = {name: Explained(name, 100) for name in ("small", "doubled", "grown")}
    many = {name: Explained(name, blocks) for name, blocks in (("small", FEW_BLOCKS), ("doubled", 200), ("grown", 201))}

    assert grown(few, many | {"new": Explained("new", 5_000)}) == [Growth("new", 0, 5_000), Growth("grown", 100, 201)]
