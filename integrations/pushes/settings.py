"""What an account must say so that stock is pushed to it."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError

OWN_WORDS = ("shopify",)
"""Platforms that are told in their own words; all others in those of docs/partners.md."""


class PushSettings(BaseModel, frozen=True, extra="forbid"):
    """The object `push` of an account's settings. Spans are ISO 8601 or seconds."""

    url: HttpUrl
    token: SecretStr
    location: str = ""
    """Shopify: the number of the location there that stands for all of ours."""
    enabled: bool = True
    every: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(hours=1))] = timedelta(seconds=5)
    """How long the channel is left alone between two runs; changes are gathered meanwhile."""
    batch: Annotated[int, Field(ge=1, le=1_000)] = 500
    timeout: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(minutes=1))] = timedelta(seconds=15)
    refused_after: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(days=7))] = timedelta(hours=1)
    """When a listing that was refused is tried again by itself."""


def read_push_settings(translator: str, settings: Mapping[str, Any]) -> PushSettings:
    """Raises ValueError that names the field, and never says a secret."""
    try:
        push = PushSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"push.{where}: {first['msg']}" if where else f"push: {first['msg']}") from None
    if not push.token.get_secret_value():
        raise ValueError("push.token: is missing")
    if translator in OWN_WORDS and not push.location.isdigit():
        raise ValueError("push.location: is the number of the location there")
    return push
