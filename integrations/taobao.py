"""Client of Taobao's open platform: one URL, signed forms, errors inside a 200."""

import hmac
import re
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx2

from domain.errors import PartnerTrouble, PullRefused, Refusal
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.platforms import PlatformHttp

RATE_LIMITED, NOT_ALLOWED = "7", ("11", "12", "13", "21", "22", "24", "25", "26", "27", "28", "29")
CALLER_ERROR = "isv."
"""Prefix of a `sub_code` for an error of the caller's; any other is the platform's and may pass."""
BAN = re.compile(r"ban will last for (\d+) more second")


class Taobao:
    """`keys` are the app key, the app secret and the shop's session key."""

    def __init__(
        self, url: str, seconds: float, keys: tuple[str, str, str], zone: str, refusal: type[Refusal] = PullRefused
    ) -> None:
        self._http = PlatformHttp("taobao", url, seconds, refusal=refusal)
        self._key, self._secret, self._session = keys
        self._zone = ZoneInfo(zone)
        self._refusal = refusal

    def call(self, method: str, **fields: str) -> tuple[Reader, httpx2.Response]:
        """Return the answer, which may be an `error_response` about our request.

        Raises CallLimited, the `refusal` when access is denied, and PartnerTrouble.
        """
        response = self._http.post_form(self._signed({"method": method, **fields}))
        try:
            answer = open_object(response.content)
            error = answer.object("error_response")
            code, reason = error.text("code"), error.text("sub_code")
        except Unreadable:
            raise PartnerTrouble(f"taobao: {method}: answered {response.status_code} without an object") from None
        if code == RATE_LIMITED:
            ban = BAN.search(error.text("sub_msg", 500, cut=True))
            raise self._http.call_limited(ban[1] if ban else "")
        if code in NOT_ALLOWED:
            raise self._refusal("not_allowed", f"taobao: {method}: error {code}")
        if code and not reason.startswith(CALLER_ERROR):
            raise self.trouble(method, answer)
        return answer, response

    def trouble(self, method: str, answer: Reader) -> PartnerTrouble:
        return self._http.trouble(f"{method}: error {answer.object('error_response').text('code')}")

    def local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def close(self) -> None:
        self._http.close()

    def _signed(self, fields: dict[str, str]) -> dict[str, str]:
        form = fields | {
            "app_key": self._key,
            "session": self._session,
            "timestamp": self.local(datetime.now(self._zone)),
            "format": "json",
            "v": "2.0",
            "sign_method": "hmac-sha256",
        }
        text = "".join(name + form[name] for name in sorted(form))
        return form | {"sign": hmac.digest(self._secret.encode(), text.encode(), "sha256").hex().upper()}
