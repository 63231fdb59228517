"""The `upload` settings of a channel account."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field, HttpUrl, SecretStr, ValidationError

REQUIRED_KEYS: Mapping[str, tuple[str, ...]] = {
    "taobao": ("token", "key", "secret"),
    "douyin": ("key", "secret"),
    "jd": ("key", "secret"),
    "wechat": (),
}
"""The credentials that a translator's platform requires; all others only need a token."""


class UploadSettings(BaseModel, frozen=True, extra="forbid"):
    """The object `upload` of an account's settings. Spans are ISO 8601 or seconds.

    `token`, `key` and `secret` are as in `pull`. `method` is Taobao's: `offline` when we book the carrier.
    """

    url: HttpUrl
    token: SecretStr = SecretStr("")
    key: str = ""
    secret: SecretStr = SecretStr("")
    method: Literal["offline", "online"] = "offline"
    enabled: bool = True
    timeout: Annotated[timedelta, Field(gt=timedelta(), le=timedelta(minutes=1))] = timedelta(seconds=10)


def read_upload_settings(translator: str, settings: Mapping[str, Any]) -> UploadSettings:
    """Validate the settings. Raises a ValueError that names the field and never shows a secret."""
    try:
        upload = UploadSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"upload.{where}: {first['msg']}" if where else f"upload: {first['msg']}") from None
    given = {"token": upload.token.get_secret_value(), "key": upload.key, "secret": upload.secret.get_secret_value()}
    for name in REQUIRED_KEYS.get(translator, ("token",)):
        if not given[name]:
            raise ValueError(f"upload.{name}: is missing")
    return upload
