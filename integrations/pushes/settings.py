"""The `push` settings of a channel account."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError

OWN_FORMAT = ("shopify",)
"""Platforms with a format of their own; all others get the format of docs/partners.md."""


class PushSettings(BaseModel, frozen=True, extra="forbid"):
    """The object `push` of an account's settings. Spans are ISO 8601 or seconds."""

    url: HttpUrl
    token: SecretStr
    location: str = ""
    """The Shopify location id that stands for all our locations."""
    enabled: bool = True
    every: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(hours=1))] = timedelta(seconds=5)
    """Pause between two runs, in which changes are gathered."""
    batch: Annotated[int, Field(ge=1, le=1_000)] = 500
    timeout: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(minutes=1))] = timedelta(seconds=15)
    refused_after: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=7))] = timedelta(hours=1)
    """Time until a refused listing is retried automatically."""


def read_push_settings(translator: str, settings: Mapping[str, Any]) -> PushSettings:
    """Validate the settings. Raises a ValueError that names the field and never shows a secret."""
    try:
        push = PushSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"push.{where}: {first['msg']}" if where else f"push: {first['msg']}") from None
    if not push.token.get_secret_value():
        raise ValueError("push.token: is missing")
    if translator in OWN_FORMAT and not push.location.isdigit():
        raise ValueError("push.location: is the number of the location there")
    return push
