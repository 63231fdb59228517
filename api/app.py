"""The API as one ASGI app; `api/serve.py` runs it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

from api.errors import add_error_handlers
from api.metrics import ApiMetrics
from api.observation import Observation
from api.openapi import add_openapi
from api.parameter_check import check_parameters
from api.rights import guard
from api.routes import BODIES, ROUTERS
from api.safe_headers import SafeHeaders
from api.services import open_services
from api.sheets import offer_sheets
from domain.version import VERSION
from settings import Settings


def create_app(settings: Settings | None = None) -> FastAPI:
    """Build the app, with settings from the environment if none are given. It opens nothing before it is started."""
    settings = settings or Settings()
    metrics = ApiMetrics()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, metrics) as services:
            app.state.services = services
            yield

    app = FastAPIOffline(
        title="Baton",
        version=VERSION,
        lifespan=lifespan,
        redirect_slashes=False,
        redoc_url=None,
        static_url="/docs/files",
        # FastAPI looks for OpenTelemetry at each request, even where nobody has configured it.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    app.state.metrics = metrics
    app.add_middleware(Observation, metrics=metrics)
    app.add_middleware(SafeHeaders)
    add_error_handlers(app)
    for router in ROUTERS:
        # Included routers would be matched twice for each request.
        app.router.routes.extend(router.routes)
    offer_sheets(app.routes)
    guard(app.routes)
    check_parameters(app.routes)
    add_openapi(app, BODIES)
    return app
