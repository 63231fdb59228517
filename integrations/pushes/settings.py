"""The `push` settings of a channel account."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError

REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {
    "douyin": ("key", "secret"),
    "jd": ("key", "secret"),
    "wechat": (),
}
"""The credentials that a translator's platform requires; all others only need a token."""


class PushSettings(BaseModel, frozen=True, extra="forbid"):
    """The object `push` of an account's settings. Spans are ISO 8601 or seconds."""

    url: HttpUrl
    token: SecretStr = SecretStr("")
    key: str = ""
    secret: SecretStr = SecretStr("")
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
    given = {"token": push.token.get_secret_value(), "key": push.key, "secret": push.secret.get_secret_value()}
    for name in REQUIRED_KEYS.get(translator, ("token",)):
        if not given[name]:
            raise ValueError(f"push.{name}: is missing")
    if translator == "shopify" and not push.location.isdigit():
        raise ValueError("push.location: is the number of the location there")
    return push
