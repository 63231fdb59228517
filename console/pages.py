"""Renders pages from templates that escape by themselves, and answers errors as pages."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from api.errors import Problem
from console.static import STYLE
from console.words import LANGUAGES, Words, choose_language

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    # A name that a page was not given is an error, not an empty place.
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
GONE = 410
KNOWN = (400, 404, 405, 408, 410, 413, 429, 503)


def language_of(request: Request) -> str:
    return choose_language(request.query_params.get("lang"), request.headers.get("accept-language", ""))


def page(name: str, words: Words, status: int = 200, **values: Any) -> Response:
    """Render a page. It varies with the language that the browser asks for."""
    shown = {"words": words, "style": STYLE.path, "languages": LANGUAGES, "status": status, **values}
    content = _templates.get_template(f"{name}.html").render(shown)
    headers = {"Content-Language": words.language, "Vary": "Accept-Language"}
    return HTMLResponse(content, status, headers)


async def error_page(request: Request, error: Exception) -> Response:
    """Answer an error in the customer's words; what the error says itself is for developers."""
    headers = dict(getattr(error, "headers", None) or {})
    if isinstance(error, Problem):
        status = error.kind.status
    else:
        status = error.status_code if isinstance(error, HTTPException) else 503
    kind = status if status in KNOWN else 503 if status >= 500 else 404
    answer = page("error", Words(language_of(request)), status, kind=kind)
    answer.headers.update(headers)
    return answer
