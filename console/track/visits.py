"""Who opens a customer's page: the token is checked, the order read, and every limit is taken before."""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from api.access import Caller, Role
from api.dependencies import Services, services_of
from api.orders.answers import OrderAnswer
from api.orders.track_links import Opened, check, open_link
from console.limits import address_of, limits_of
from console.pages import GONE, language_of, page
from console.track.view import DONE, view_of
from console.words import Words
from domain.masks import plain, proof_of
from domain.track_tokens import TrackToken
from record.orders.track_links import Proof

CUSTOMER = "customer"
"""Under this name a customer's acts are in the log of the order."""


@dataclass(frozen=True, slots=True)
class Visit:
    """`caller` may what a key of the order's channel may; the page uses it for this order only."""

    request: Request
    services: Services
    token: str
    link: TrackToken
    caller: Caller
    order: OrderAnswer
    words: Words

    @property
    def order_id(self) -> str:
        return self.order.order_id

    @property
    def proof_asked(self) -> str:
        """What is asked for before an act: `phone`, `postal_code`, or nothing if no act is possible."""
        return proof_of(self.order.ship_to)[0]

    def path(self, act: str = "", **query: str) -> str:
        """Return the address of a page of this order, in the language that was chosen."""
        chosen = self.request.query_params.get("lang")
        query = ({"lang": self.words.language} if chosen else {}) | query
        return f"/track/{self.token}{act and f'/{act}'}" + (f"?{urlencode(query)}" if query else "")

    def back(self, done: str) -> Response:
        """After a form: the page, which says what was done. Reloading it sends nothing again."""
        return RedirectResponse(self.path(done=done), 303)

    def page(self, name: str, status: int = 200, **values: object) -> Response:
        return page(f"track/{name}", self.words, status, visit=self, order=self.order, **values)


async def open_visit(request: Request) -> Visit:
    """Return the visit. A 404 for a token that is none, a 410 for one that was true, a 429 beyond a limit."""
    limits, address = limits_of(request), address_of(request)
    limits.pages.take(address)
    services, token = services_of(request), request.path_params["token"]
    link = services.settings.track_links.read(token)
    if link is None:
        # The database is not asked, so every wrong token is answered as fast as every other.
        limits.wrong.take(address)
        raise HTTPException(404)
    if link.last_day < datetime.now(UTC).date():
        raise HTTPException(GONE)
    opened: Opened | None = await run_in_threadpool(open_link, services, link, _caller)
    if opened is None:
        raise HTTPException(GONE)
    words = Words(language_of(request), str(opened.order.ship_to.get("country") or ""))
    return Visit(request, services, token, link, opened.caller, opened.order, words)


async def show(request: Request) -> Response:
    visit = await open_visit(request)
    view = await run_in_threadpool(view_of, visit.services, visit.caller, visit.order, visit.words)
    done = request.query_params.get("done", "")
    return visit.page("order", view=view, done=done if done in DONE else "")


def take_act(visit: Visit) -> None:
    """Count an act. A 429 if this link or this address sent too many."""
    limits = limits_of(visit.request)
    limits.acts_of_address.take(address_of(visit.request))
    limits.acts.take(visit.order_id)


async def prove(visit: Visit, typed: str) -> str:
    """Return the code of what is wrong with the proof that was typed, or an empty text. A wrong one is counted."""
    asked, right = proof_of(visit.order.ship_to)
    if not asked:
        return "none"
    proof = await run_in_threadpool(check, visit.services, visit.order_id, plain(typed), right)
    return "" if proof is Proof.RIGHT else proof.value


def _caller(channel: str) -> Caller:
    return Caller("track", CUSTOMER, Role.CHANNEL, channel)
