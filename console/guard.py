"""Headers of every page, and the refusal of forms that another site sends."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    # The address of a page is a secret; no other site may learn it by a link.
    "referrer-policy": "no-referrer",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "x-frame-options": "DENY",
}
RAW = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
SAFE = ("GET", "HEAD")


class Guard:
    """Middleware. There is no cookie that another site could misuse: who knows the address of a form may send it. A
    browser that says that another site sends a form is refused all the same.

    `Origin` is no help: without referrer browsers send `null`.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *RAW]
            await send(message)

        request = Request(scope)
        site = request.headers.get("sec-fetch-site", "same-origin")
        if request.method not in SAFE and site != "same-origin":
            await PlainTextResponse("this form was sent by another site", 403)(scope, receive, send_guarded)
            return
        await self._app(scope, receive, send_guarded)
