"""Routes that read the request by themselves, for what comes more often than all else."""

from collections.abc import Callable, Coroutine
from typing import Any, cast

from fastapi import Request, Response
from fastapi.routing import APIRoute

from api.idempotency import OnceRoute

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class DirectRoute(APIRoute):
    """A route whose function takes the request and the texts of its path, unchecked, and returns the answer.

    It is documented as any other. FastAPI's dependencies and its serialization of answers would cost as much as all the
    rest.
    """

    def get_route_handler(self) -> Handler:
        async def call(request: Request) -> Response:
            return cast(Response, await self.endpoint(request=request, **request.path_params))

        return call


class DirectOnceRoute(OnceRoute, DirectRoute):
    """A direct route that honors Idempotency-Key."""
