"""The `refund` settings of a channel account."""

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


class RefundSettings(BaseModel, frozen=True, extra="forbid"):
    """The object `refund` of an account's settings. Spans are ISO 8601 or seconds; keys are as in `pull`."""

    url: HttpUrl
    token: SecretStr = SecretStr("")
    key: str = ""
    secret: SecretStr = SecretStr("")
    enabled: bool = True
    timeout: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(minutes=1))] = timedelta(seconds=15)


def read_refund_settings(translator: str, settings: Mapping[str, Any]) -> RefundSettings:
    """Validate the settings. Raises a ValueError that names the field and never shows a secret."""
    try:
        refund = RefundSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"refund.{where}: {first['msg']}" if where else f"refund: {first['msg']}") from None
    given = {"token": refund.token.get_secret_value(), "key": refund.key, "secret": refund.secret.get_secret_value()}
    for name in REQUIRED_KEYS.get(translator, ("token",)):
        if not given[name]:
            raise ValueError(f"refund.{name}: is missing")
    return refund
