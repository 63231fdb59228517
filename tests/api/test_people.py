"""Who may see people: every role calls every read route, with a person planted in every row."""

import json
from collections.abc import AsyncIterator, Iterator
from hashlib import sha256
from typing import Any

import pytest
from sqlalchemy import text

from api.access import RIGHTS, Right, Role
from api.masking import SHOW_PEOPLE
from api.promises.examples import PROMISE
from commands.keys import create_key
from embedded.postgres import EmbeddedPostgres
from integrations.photo_keepers import FolderKeeper
from models.database import Sessions, open_database
from models.database import sessions as open_sessions
from models.schema import migrate
from settings import Settings
from tests.api.conftest import NOBODY, PARTNERS, Api, Connect, running
from tests.conftest import SECRETS_KEY, partner
from tests.factories import CHANNEL, LAMP
from tests.planted import BUYER, LOCATION, NAMED, PURCHASE, RULES, SUBSCRIPTION, plant

CALLERS: dict[str, tuple[Any, ...]] = {
    "viewer": (Role.VIEWER, None),
    "rules": (Role.RULES, None),
    "store": (Role.STORE, None, LOCATION),
    "another channel": (Role.CHANNEL, "shop"),
    "its channel": (Role.CHANNEL, CHANNEL),
    "staff": (Role.STAFF, None),
    "admin": (Role.ADMIN, None),
}
# Not personal: the channel's id of a customer, and a district, which anybody may know of a parcel.
WORDS = set(NAMED) - {BUYER, "Xihu"}
# It never ends. tests/api/test_event_stream.py reads it; its events are those of subscribers.
ENDLESS = "/events/stream"
# The routes that show people to those who may see them.
SHOWS = {
    "/orders/{order_id}": {"Xiadan", "Plum", "13955507421", "Mei", "Bao", "Dandan", "Wen", "Yue", "Jing", "Yaping"},
    "/orders/{order_id}/versions": {"Meizhen", "Baozhu", "Lanfen"},
    "/orders/{order_id}/notes": {"Guizhen", "Fenglan"},
    "/returns/{return_id}/notes": {"Guizhen", "Fenglan"},
    "/intakes/{intake_id}": {"Zihan"},
    "/returns": {"Jing", "Yaping", "Lihua"},
    "/returns/{return_id}": {"Jing", "Yaping", "Lihua"},
    "/shipments/{shipment_id}": {"Xiuying"},
    "/subscriptions/{subscription_id}/deliveries": {"Shanshan"},
    "/photos/{photo_id}": {"Photo-of-Guiying"},
}
PHOTO = "0" * 32
# Rows that `plant` does not make: they name nobody, but each route has something to show.
MORE = """
    INSERT INTO bulks (bulk_id, command, parameters, key_id, actor, channel, request_key, fingerprint, total)
    VALUES ('bulk_1', 'tag', '{}', 'k', 'lin', 'tmall', 'r', 'f', 0);
    INSERT INTO exports (export_id, name, list, filter, format, cron, zone, target, key_id, created_by)
    VALUES ('exp_1', 'daily', 'orders', '{}', 'csv', '0 6 * * *', 'Asia/Shanghai',
        '{"kind": "folder", "folder": "daily"}', 'k', 'lin');
    INSERT INTO buffers (buffer_id, location_id, units, valid_from) VALUES ('B-1', 'HANGZHOU', 1, now());
    INSERT INTO settlements (settlement_id, format, actor, state) VALUES ('set_1', 'amazon', 'lin', 'done');
    INSERT INTO disputes (dispute_id, order_id, payment_reference, amount_minor, taken_minor, currency, reason_code,
        stage) VALUES ('payments:DP-1', :order, 'P-1', 1, 0, 'CNY', 'not_received', 'chargeback');
    INSERT INTO promises (promise_id, channel, holder, region, pickup_location, units, assignments, answer, expires_at)
    VALUES ('pr_1', 'tmall', 'tmall', '', '', '{}', '{}', CAST(:answer AS jsonb), now() + interval '1 day');
    INSERT INTO photos (photo_id, order_id, case_id, size) VALUES (:photo, :order, '1', 9)
"""
PERIOD = {"first": "2026-01-01", "last": "2026-01-31"}


@pytest.fixture(scope="module")
def record(postgres: EmbeddedPostgres) -> Iterator[Sessions]:
    engine = open_database(postgres.ensure_database("people"))
    migrate(engine)
    yield open_sessions(engine)
    engine.dispose()


@pytest.fixture(scope="module")
def order_id(record: Sessions) -> str:
    order_id = plant(record)
    values = {"order": order_id, "photo": PHOTO, "answer": json.dumps(PROMISE)}
    with record.begin() as session:
        for statement in MORE.split(";"):
            session.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})
    return order_id


@pytest.fixture(scope="module")
async def clients(
    record: Sessions, order_id: str, postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[dict[str, Api]]:
    partners: dict[str, Any] = {name: partner() for name in PARTNERS}
    url = postgres.ensure_database("people")
    photos = tmp_path_factory.mktemp("photos")
    FolderKeeper(photos).put(PHOTO, b"Photo-of-Guiying")
    ours: dict[str, Any] = {"secrets_key": SECRETS_KEY, "api_metrics_port": 0, "photo_dir": photos}
    async with running(
        Settings(_env_file=None, database_url=url, temporal_address=NOBODY, **ours, **partners)
    ) as connect:
        yield {name: connect(create_key(record, name, *whose)) for name, whose in CALLERS.items()}


async def asked(api: Api, order_id: str) -> dict[str, Any]:
    """Return the answer of each read route by its path."""
    values = {
        "order_id": order_id,
        "intake_id": order_id,
        "return_id": f"{order_id}-R-1",
        "shipment_id": f"{order_id}-S-1",
        "sku": LAMP,
        "location_id": LOCATION,
        "channel": CHANNEL,
        "rule_set_id": RULES,
        "purchase_order_id": PURCHASE,
        "subscription_id": SUBSCRIPTION,
        "customer_id": BUYER,
        "bulk_id": "bulk_1",
        "export_id": "exp_1",
        "buffer_id": "B-1",
        "settlement_id": "set_1",
        "dispute_id": "payments:DP-1",
        "promise_id": "pr_1",
        "photo_id": PHOTO,
        "credit_id": f"cr_{sha256(order_id.upper().encode()).hexdigest()[:24]}",
    }
    paths = (await api.get("/openapi.json")).json()["paths"]
    shown = [path for path, methods in paths.items() if "get" in methods and path != ENDLESS]
    params = {"order_id": order_id, "reason": "Xiadan waits for it", **PERIOD}
    return {
        # Messages are listed by order, labels need a reason, and reports a period.
        path: await api.get(path.format(**values), params=asked_by(paths[path]["get"], params))
        for path in shown
    }


def asked_by(operation: dict[str, Any], params: dict[str, str]) -> dict[str, str]:
    names = {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
    needed = names & {"first", "parked", "parcel"}
    return {name: value for name, value in params.items() if needed and name in names}


def words_in(answer: Any) -> set[str]:
    text = answer.content.decode("utf-8", "replace")
    return {word for word in WORDS if word in text}


@pytest.mark.parametrize("name", ["staff", "admin", "its channel"])
async def test_callers_who_may_see_people_are_shown_them(clients: dict[str, Api], order_id: str, name: str) -> None:
    answers = await asked(clients[name], order_id)

    for path, words in SHOWS.items():
        assert words_in(answers[path]) >= words, path
    assert {path for path, answer in answers.items() if words_in(answer)} == SHOWS.keys()


def test_the_routes_that_show_people_are_known_by_name() -> None:
    assert SHOWS.keys() == SHOW_PEOPLE


@pytest.mark.parametrize(("name", "logged"), [("staff", True), ("its channel", False), ("viewer", False)])
async def test_it_is_logged_which_staff_were_shown_a_person(
    capsys: pytest.CaptureFixture[str], connect: Connect, sessions: Sessions, name: str, logged: bool
) -> None:
    # given
    order_id = plant(sessions)
    client = connect(create_key(sessions, name, *CALLERS[name]))

    # when somebody reads an order, and looks for one by an id that is none
    await client.get(f"/orders/{order_id}")
    await client.get("/orders/13955507421")

    # then
    lines = capsys.readouterr().err.splitlines()
    lines_shown = [json.loads(line) for line in lines if "people_shown" in line]
    found = [(line["caller"], line["route"], line["of"]) for line in lines_shown]
    assert found == ([("staff", "/orders/{order_id}", {"order_id": order_id})] if logged else [])
    assert "13955507421" not in "".join(lines)


async def test_every_route_has_an_answer_in_which_a_person_could_be_named(
    clients: dict[str, Api], order_id: str
) -> None:
    answers = await asked(clients["admin"], order_id)

    # Temporal is down, which only readiness reports.
    assert {path for path, answer in answers.items() if answer.status_code != 200} == {"/readyz"}


@pytest.mark.parametrize("name", ["viewer", "rules", "store", "another channel"])
async def test_no_route_names_a_person_to_anybody_else(clients: dict[str, Api], order_id: str, name: str) -> None:
    answers = await asked(clients[name], order_id)

    assert {path: words_in(answer) for path, answer in answers.items() if words_in(answer)} == {}


async def test_a_masked_address_is_enough_to_talk_about_a_parcel(clients: dict[str, Api], order_id: str) -> None:
    order = (await clients["store"].get(f"/orders/{order_id}")).json()

    assert (order["ship_to"]["name"], order["ship_to"]["phone"], order["ship_to"]["lines"]) == (
        "X***",
        "***7421",
        ["***"],
    )
    assert order["lines"][0]["properties"] == [["engraving", "***"]]
    assert (order["returns"][0]["reason"], order["returns"][0]["evidence"]) == ("***", ["***"])


async def test_only_read_routes_name_people(clients: dict[str, Api]) -> None:
    """A command answers with an id and an outcome: none of its bodies holds a person."""
    document = (await clients["admin"].get("/openapi.json")).json()
    schemas, personal = document["components"]["schemas"], {"OrderAnswer", "IntakeWithRaw", "ReturnAnswer"}

    def reaches(node: Any, seen: frozenset[str] = frozenset()) -> set[str]:
        text = str(node)
        names = {name for name in schemas if f"'#/components/schemas/{name}'" in text} - seen
        return names.union(*(reaches(schemas[name], seen | names) for name in names))

    commands = {
        f"{method} {path}": reaches(operation["responses"]) & personal
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
        if method != "get"
    }
    assert {name for name, found in commands.items() if found} == set()


def test_roles_get_the_right_to_see_people_explicitly() -> None:
    assert {role for role, rights in RIGHTS.items() if Right.SEE_PEOPLE in rights} == {
        Role.STAFF,
        Role.ADMIN,
        Role.CHANNEL,
    }
