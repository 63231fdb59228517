"""A shop that tells its customers by e-mail: once, after an outage, and without harm by a dead address."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from activities.redeliver import Redeliver, RedeliverAnswer, RedeliverRequest
from domain.errors import PartnerTrouble
from domain.milestones import DELIVERED, SHIPPED
from domain.order import Address
from integrations.partners import connect_partners
from models.database import Sessions
from record import journal
from settings import Partner, Settings, Smtp
from simulators.settings import PARTNERS
from tests.activities.story import Steps, build_steps, letters_to
from tests.factories import RECEIVER, events_of, place_order
from tests.integrations.mail_server import MailServer
from tests.integrations.servers import SECRET, connecting, simulating

NOBODY, NEVER = "http://127.0.0.1:9", 600.0
RECEIVER_MAIL = RECEIVER["email"]
DEAD = "gone@mail.example"


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with simulating(NOBODY, NEVER) as address:
        yield address


@pytest.fixture
def steps(stocked: Sessions, address: str) -> Iterator[Steps]:
    with connecting(address) as partners:
        yield build_steps(stocked, partners)


class Shop:
    """Tells customers by e-mail where there is an address, and of a delivery nobody."""

    def __init__(self, sessions: Sessions, settings: Settings, address: str, server: MailServer) -> None:
        smtp = Smtp(
            host="127.0.0.1",
            port=server.port,
            security="none",
            sender="orders@shop.example",
            timeout=timedelta(seconds=15),
        )
        ways = {"*": ["smtp"], DELIVERED: ["nobody"]}
        inbox = {name: Partner(url=f"{address}/{name}", secret=SecretStr(SECRET)) for name in PARTNERS}
        changed = settings.model_copy(update={**inbox, "customer_messages": ways, "smtp": smtp})
        partners = connect_partners(changed)
        self.sessions = sessions
        self.run = Redeliver(sessions, letters_to(sessions, partners.inboxes, partners.ways))

    def tell(self) -> RedeliverAnswer:
        return self.run.redeliver_batch(RedeliverRequest("inbox"))

    def announce(self, order_id: str, milestone: str = SHIPPED) -> None:
        with self.sessions.begin() as session:
            journal.announce(session, order_id, milestone)

    def states(self, order_id: str) -> list[tuple[Any, ...]]:
        """Of each message to the customer: its milestone, whether it was sent, whether it is parked, and why."""
        sql = """
            SELECT milestone, sent_at IS NOT NULL, parked_at IS NOT NULL, last_error FROM messages
            WHERE recipient = 'inbox' AND order_id = :id ORDER BY sequence"""
        with self.sessions() as session:
            return [tuple(row) for row in session.execute(text(sql), {"id": order_id})]


@pytest.fixture
def server() -> MailServer:
    """A mail server that has an address and is not up yet."""
    server = MailServer()
    with server.up():
        return server


@pytest.fixture
def shop(steps: Steps, settings: Settings, address: str, server: MailServer) -> Shop:
    return Shop(steps.sessions, settings, address, server)


def test_the_customer_of_a_shipped_parcel_gets_one_mail_also_after_an_outage(
    steps: Steps, shop: Shop, server: MailServer
) -> None:
    # given an order whose parcel is on the road, and a mail server that is down
    steps.up_to("record_progress:in_transit")
    with pytest.raises(PartnerTrouble, match="smtp: "):
        shop.tell()
    assert server.mails == []

    # when it is back
    with server.up():
        answers = [shop.tell(), shop.tell()]

    # then
    (mail,) = [one for one in server.mails if "已发货" in one["Subject"]]
    assert server.recipients == [RECEIVER_MAIL] * len(server.mails)
    assert answers[0].taken == len(server.mails)
    assert answers[1] == RedeliverAnswer()
    assert RECEIVER["name"] in mail.get_content()
    assert (SHIPPED, True, False, None) in shop.states(steps.order_id)


def test_a_dead_address_parks_its_message_and_the_others_arrive(steps: Steps, shop: Shop, server: MailServer) -> None:
    # given
    dead, none = Address("CN", email=DEAD, phone="+86 138 0013 8000"), Address("CN", phone="+86 138 0013 8000")
    orders = {DEAD: place_order(steps.sessions, ship_to=dead), "none": place_order(steps.sessions, ship_to=none)}
    for order_id in (*orders.values(), steps.order_id):
        shop.announce(order_id)
    shop.announce(steps.order_id, DELIVERED)
    server.answers = {DEAD: "550 gone@mail.example has left"}

    # when
    with server.up():
        answers = [shop.tell(), shop.tell()]

    # then each says why by a code, and a person is called; nobody is told of the delivery
    assert answers == [RedeliverAnswer(taken=2), RedeliverAnswer()]
    assert server.recipients == [RECEIVER_MAIL]
    assert shop.states(orders[DEAD]) == [(SHIPPED, False, True, "recipient_refused_550")]
    assert shop.states(orders["none"]) == [(SHIPPED, False, True, "no_email")]
    assert shop.states(steps.order_id) == [(SHIPPED, True, False, None), (DELIVERED, True, False, None)]
    assert "alert.raised" in events_of(steps.sessions, orders[DEAD])

    # and no log has an address
    with steps.sessions() as session:
        logged = session.scalars(text("SELECT data::text FROM order_events")).all()
    assert not any("@" in one for one in logged)
