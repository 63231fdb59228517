"""Security headers of every answer: no caching, no guessing of its type, and HSTS over TLS."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

NOSNIFF = (b"x-content-type-options", b"nosniff")
# Answers hold personal data, and are soon out of date.
NOT_KEPT = (b"cache-control", b"no-store")
TLS_ONLY = (b"strict-transport-security", b"max-age=31536000")
PAGES = "/docs/files"
"""The scripts and styles of the documentation, which may be cached."""


class SafeHeaders:
    """Middleware. Adds `nosniff` and `no-store`, over TLS also HSTS. A route's own `Cache-Control` is kept."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        kept = scope["path"].startswith(PAGES)
        over_tls = scope["scheme"] == "https"

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = [*message["headers"], NOSNIFF]
                if not kept and all(name.lower() != b"cache-control" for name, _ in headers):
                    headers.append(NOT_KEPT)
                if over_tls:
                    headers.append(TLS_ONLY)
            await send(message)

        await self._app(scope, receive, send_safely)
