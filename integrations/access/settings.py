"""The `access` settings of a channel account: one app and one token for all directions."""

from collections.abc import Mapping
from typing import Any

from pydantic import AwareDatetime, BaseModel, Field, HttpUrl, SecretStr, ValidationError

REQUIRED: Mapping[str, tuple[str, ...]] = {
    "douyin": ("key", "secret", "refresh_token"),
    "jd": ("key", "secret", "refresh_token"),
    "wechat": ("key", "secret"),
}
"""What each platform needs to renew a token; accounts of others have no `access`."""


class AccessSettings(BaseModel, frozen=True, extra="forbid"):
    """`key` and `secret` are the app's. Baton renews `token` before `expires_at`, and writes the new one here, with the
    `refresh_token` that came with it.

    `refused` says since `refused_at` why the platform renews it no longer: a person must permit our app again.
    """

    url: HttpUrl
    key: str = ""
    secret: SecretStr = SecretStr("")
    token: SecretStr = SecretStr("")
    refresh_token: SecretStr = SecretStr("")
    aes_key: SecretStr = SecretStr("")
    """WeChat: the key that its messages are encrypted with (EncodingAESKey)."""
    expires_at: AwareDatetime | None = None
    """When the token ends; unknown for one that a person has given."""
    renew_url: HttpUrl | None = None
    """Where tokens are renewed, if not at `url`."""
    link: str = Field("", max_length=500)
    """The page where a person permits our app, if not the platform's usual one."""
    refused: str = ""
    refused_at: AwareDatetime | None = None

    @property
    def shared(self) -> dict[str, Any]:
        """The settings that each direction may take from here."""
        secrets = {"token": self.token.get_secret_value(), "secret": self.secret.get_secret_value()}
        return {"url": str(self.url), "key": self.key} | secrets


def read_access_settings(translator: str, settings: Mapping[str, Any]) -> AccessSettings:
    """Validate the settings. Raises a ValueError that names the field and never shows a secret."""
    if translator not in REQUIRED:
        raise ValueError(f"access: only tokens of {', '.join(REQUIRED)} are renewed")
    try:
        access = AccessSettings.model_validate(settings)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"access.{where}: {first['msg']}" if where else f"access: {first['msg']}") from None
    given = access.shared | {"refresh_token": access.refresh_token.get_secret_value()}
    for name in REQUIRED[translator]:
        if not given[name]:
            raise ValueError(f"access.{name}: is missing")
    return access
