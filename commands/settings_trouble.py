"""What a person is told, instead of a traceback, whose command finds no settings or no PostgreSQL."""

from pydantic import ValidationError
from sqlalchemy.exc import OperationalError

from settings import Settings

WHERE = """Settings are read from the environment, from .env and from .baton/env of the current directory.
On one machine run `baton up` and stay in its directory; with --data-dir load them first: set -a; . DIR/env; set +a"""


def told(trouble: ValidationError | OperationalError) -> str:
    """What is wrong and what to do; empty where it is none of these two."""
    if isinstance(trouble, ValidationError):
        return _told_of_settings(trouble) if trouble.title == Settings.__name__ else ""
    if trouble.statement is not None:
        return ""
    return f"PostgreSQL does not answer: {str(trouble.orig).strip()}\nOn one machine it runs while `baton up` does."


def _told_of_settings(trouble: ValidationError) -> str:
    wrong = trouble.errors(include_url=False, include_context=False, include_input=False)
    lines = (f"  {variable(one['loc'])}: {one['msg'].removeprefix('Value error, ')}" for one in wrong)
    return "\n".join(["These settings are missing or wrong:", *lines, WHERE])


def variable(place: tuple[int | str, ...]) -> str:
    """The name of the environment variable at a place in the settings."""
    return "BATON_" + "__".join(str(part).upper() for part in place)
