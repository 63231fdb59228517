"""Calls to a channel in Baton's own format, with its token, and their troubles."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.endpoints import Endpoints
from simulators.listings import TOKEN


@dataclass(slots=True)
class OwnFormat:
    """The next `failing` calls get a 500, and for `lost` ones the answer is lost."""

    endpoints: Endpoints
    failing: int = 0
    lost: int = 0

    def refused_call(self, request: Request) -> Response | None:
        """The answer to a call that is not taken."""
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return JSONResponse({"title": "unauthorized"}, 401)
        self.failing -= (fails := self.failing > 0)
        return JSONResponse({"title": "not now"}, 500) if fails else None

    def lost_answer(self) -> Response | None:
        """What the caller gets instead of the answer to a call that was taken."""
        self.lost -= (lost := self.lost > 0)
        return JSONResponse({"title": "nobody hears it"}, 504) if lost else None
