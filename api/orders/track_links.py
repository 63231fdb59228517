"""Links to the customer's page of an order: make one, and revoke all of them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime

from fastapi import APIRouter

from api.access import Caller
from api.dependencies import LinkSharer, Services, WithServices
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED, Problem
from api.idempotency import OnceRoute
from api.inputs import PathId
from api.openapi import responses
from api.orders.answers import OrderAnswer
from api.orders.view import find_order, order_answer
from api.schemas import Answer
from domain.people import is_erased
from domain.track_tokens import TrackToken
from models.database import consistent_read
from models.order import OrderRow
from record.orders.track_links import Proof, check_proof, generation_of, revoke_links

router = APIRouter(tags=["orders"], route_class=OnceRoute)

EXAMPLE = {
    "order_id": "01J8ZQ4Y7M3N5P6R8T9V0W1X2Y",
    "url": "https://orders.shop.example/track/AZI_fPHxsqLbmRuGk6cBBgAACaZPGPXAVbYdh8XlOqM4Yj0n",
    "last_day": "2026-04-01",
}
REVOKED = {"order_id": "01J8ZQ4Y7M3N5P6R8T9V0W1X2Y"}


class TrackLinkAnswer(Answer):
    """Whoever has the `url` sees the page until the end of `last_day` (UTC). It is only a path where
    `BATON_PUBLIC_URL` is not set."""

    order_id: str
    url: str
    last_day: date


class LinksRevoked(Answer):
    order_id: str


@dataclass(frozen=True, slots=True)
class Opened:
    """The order behind a link, and who acts for its customer."""

    caller: Caller
    order: OrderAnswer


@router.post(
    "/orders/{order_id}/track-link",
    summary="A link to the customer's page of an order",
    responses=responses({200: ("The link", EXAMPLE)}, BAD_KEY, FORBIDDEN, NOT_FOUND, REFUSED),
)
def make_link(order_id: PathId, caller: LinkSharer, services: WithServices) -> TrackLinkAnswer:
    """The same all day long; earlier links stay valid. Give it to the customer only."""
    links, now = services.settings.track_links, datetime.now(UTC)
    with services.sessions() as session:
        order = find_order(session, order_id, caller)
        if is_erased(order.customer_id):
            raise Problem(REFUSED, "the person was erased")
        token = links.token(order_id, generation_of(session, order_id), now)
    return TrackLinkAnswer(order_id=order_id, url=links.link(token), last_day=links.last_day(now))


@router.delete(
    "/orders/{order_id}/track-link",
    summary="Revoke all links to the customer's page of an order",
    responses=responses({200: ("No link made before opens the page", REVOKED)}, BAD_KEY, FORBIDDEN, NOT_FOUND),
)
def revoke(order_id: PathId, caller: LinkSharer, services: WithServices) -> LinksRevoked:
    """Also those in messages that were sent. A link made afterwards is valid, and its tries are counted anew."""
    _order(services, order_id, caller)
    with services.sessions.begin() as session:
        revoke_links(session, order_id, caller.name)
    return LinksRevoked(order_id=order_id)


def open_link(services: Services, link: TrackToken, caller_of: Callable[[str], Caller]) -> Opened | None:
    """Return the order behind a genuine link, as a caller of its channel sees it; None if the link was revoked or the
    person erased."""
    with consistent_read(services.sessions) as session:
        row = session.get(OrderRow, link.order_id)
        if row is None or is_erased(row.customer_id) or link.generation != generation_of(session, link.order_id):
            return None
        caller = caller_of(row.channel)
        return Opened(caller, order_answer(session, row, caller, services.settings))


def check(services: Services, order_id: str, given: str, right: str) -> Proof:
    """Compare what a customer typed to prove that they are the receiver; a wrong one is counted."""
    with services.sessions.begin() as session:
        return check_proof(session, order_id, given, right)


def _order(services: Services, order_id: str, caller: Caller) -> OrderRow:
    with services.sessions() as session:
        return find_order(session, order_id, caller)
