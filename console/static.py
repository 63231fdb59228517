"""The stylesheet, under an address that names its content, so that browsers may keep it for good."""

from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True, slots=True)
class Style:
    path: str
    content: bytes


def _read(name: str) -> Style:
    content = (Path(__file__).parent / "static" / name).read_bytes()
    stem, _, kind = name.partition(".")
    return Style(f"/assets/{stem}.{sha256(content).hexdigest()[:12]}.{kind}", content)


STYLE = _read("track.css")


async def serve_style(request: Request) -> Response:
    return Response(STYLE.content, media_type="text/css", headers=FOREVER)
