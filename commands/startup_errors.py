"""Messages for a command that finds no valid settings or no PostgreSQL, instead of a traceback."""

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from settings import Settings

HINT = """Settings are read from the environment, from .env and from .baton/env of the current directory.
On one machine run `baton up` and stay in its directory; with --data-dir load them first: set -a; . DIR/env; set +a"""


def explain(error: ValidationError | OperationalError) -> str:
    """Say what is wrong and what to do; empty if the error is about neither settings nor the connection."""
    if isinstance(error, ValidationError):
        return _explain_settings(error) if error.title == Settings.__name__ else ""
    if error.statement is not None:
        return ""
    return f"PostgreSQL does not answer: {str(error.orig).strip()}\nOn one machine it runs while `baton up` does."


def _explain_settings(error: ValidationError) -> str:
    errors = error.errors(include_url=False, include_context=False, include_input=False)
    lines = (f"  {_variable(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in errors)
    return "\n".join(["These settings are missing or wrong:", *lines, HINT])


def _variable(path: tuple[int | str, ...]) -> str:
    """The environment variable of a setting: ("wms", "url") is `BATON_WMS__URL`."""
    return "BATON_" + "__".join(str(part).upper() for part in path)
