"""The `pull` settings of a channel account."""

from collections.abc import Mapping
from datetime import time, timedelta
from typing import Annotated, Any

from pydantic import AwareDatetime, BaseModel, Field, HttpUrl, SecretStr, ValidationError

REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {
    "shopify": ("token",),
    "taobao": ("token", "key", "secret"),
    "douyin": ("key", "secret"),
    "jd": ("key", "secret"),
    "wechat": (),
}
"""The credentials that each translator's platform requires; where tokens are renewed, an account may begin without one.
Only these platforms can be pulled."""


class PullSettings(BaseModel, frozen=True, extra="forbid"):
    """The object `pull` of an account's settings. Spans are ISO 8601 or seconds.

    `token` is Shopify's access token or Taobao's session key; `key` and `secret` are the app's.
    """

    url: HttpUrl
    """With the version: `https://shop.myshopify.com/admin/api/2025-10`, `https://eco.taobao.com/router/rest`."""
    token: SecretStr = SecretStr("")
    key: str = ""
    secret: SecretStr = SecretStr("")
    enabled: bool = True
    every: Annotated[timedelta, Field(ge=timedelta(seconds=10), le=timedelta(days=1))] = timedelta(minutes=1)
    overlap: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(hours=6))] = timedelta(minutes=5)
    skew: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(hours=1))] = timedelta(seconds=30)
    first: Annotated[timedelta, Field(ge=timedelta(), le=timedelta(days=60))] = timedelta(days=1)
    """How far back the first pull looks."""
    since: AwareDatetime | None = None
    """Since when the first pull looks, if that is further back: orders that are over then become past orders."""
    page_size: Annotated[int, Field(ge=1, le=250)] = 50
    timeout: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(minutes=1))] = timedelta(seconds=15)
    reconcile_at: time = time(3, 0)
    """Start of the nightly pull for missing orders, in the shop's time zone."""
    reconcile_days: Annotated[int, Field(ge=1, le=60)] = 7


def read_pull_settings(translator: str, settings: Mapping[str, Any]) -> PullSettings:
    """Validate the settings. Raises a ValueError that names the field and never shows a secret."""
    if translator not in REQUIRED_KEYS:
        raise ValueError(f"pull: only {', '.join(REQUIRED_KEYS)} can be pulled")
    try:
        pull = PullSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"pull.{where}: {first['msg']}" if where else f"pull: {first['msg']}") from None
    given = {"token": pull.token.get_secret_value(), "key": pull.key, "secret": pull.secret.get_secret_value()}
    for name in REQUIRED_KEYS[translator]:
        if not given[name]:
            raise ValueError(f"pull.{name}: is missing")
    return pull
