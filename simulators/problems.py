"""Error answers of the simulators."""

from starlette.responses import JSONResponse


class Problem(Exception):
    """Raised by a handler; answered as problem+json."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        super().__init__(f"{status} {code}: {detail}")
        self.status = status
        self.code = code
        self.detail = detail

    def response(self) -> JSONResponse:
        body = {"title": self.code.replace("_", " "), "status": self.status, "code": self.code, "detail": self.detail}
        return JSONResponse(body, self.status, media_type="application/problem+json")
