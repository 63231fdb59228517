"""The pages as one ASGI app; `console/serve.py` runs it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from temporalio.service import RPCError

from api.dependencies import services_of
from api.errors import DATABASE_DOWN, Problem
from api.metrics import ApiMetrics
from api.observation import Observation
from api.safe_headers import SafeHeaders
from api.services import open_services
from console.guard import Guard
from console.limits import Limits
from console.pages import error_page
from console.static import STYLE, serve_style
from console.track import acts, edits, returns, visits
from settings import Settings

TRACK = "/track/{token}"


def create_app(settings: Settings | None = None) -> Starlette:
    """Build the app, with settings from the environment if none are given. It opens nothing before it is started."""
    settings = settings or Settings()
    metrics = ApiMetrics()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with open_services(settings, metrics) as services:
            app.state.services = services
            yield

    app = Starlette(routes=_routes(), lifespan=lifespan)
    app.state.limits = Limits()
    for error in (Problem, HTTPException, RPCError, *DATABASE_DOWN):
        app.add_exception_handler(error, error_page)
    app.add_middleware(Observation, metrics=metrics)
    app.add_middleware(SafeHeaders)
    app.add_middleware(Guard)
    return app


def _routes() -> list[Route]:
    acting: dict[str, Callable[[Request], Awaitable[Response]]] = {
        "cancel": acts.cancel_order,
        "address": edits.change_address,
        "day": edits.choose_day,
        "confirm": edits.confirm_edit,
        "return": returns.ask_return,
    }
    return [
        Route("/healthz", _healthz),
        Route("/readyz", _readyz),
        Route(STYLE.path, serve_style),
        Route(TRACK, visits.show),
        *(Route(f"{TRACK}/{name}", act, methods=["GET", "POST"], name=name) for name, act in acting.items()),
    ]


async def _healthz(request: Request) -> Response:
    return PlainTextResponse("ok")


async def _readyz(request: Request) -> Response:
    parts = await services_of(request).readiness.parts()
    down = [name for name, state in parts if state == "down"]
    return PlainTextResponse(f"down: {', '.join(down)}" if down else "ready", 503 if down else 200)
