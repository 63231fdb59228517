"""Client of JD's open platform: one URL, signed forms with the parameters as JSON, errors inside a 200.

Source: open.jd.com, routerjson (JD moves it step by step to its SP-API). The numbers of errors are from memory.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import md5
from typing import Any
from zoneinfo import ZoneInfo

import httpx2

from domain.errors import PartnerTrouble, PullRefused, Refusal, TokenExpired
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.platforms import PlatformHttp

OK = 200
LIMITED, EXPIRED = "2", "19"
NOT_ALLOWED = ("3", "10", "12", "16", "17", "21", "2001")
"""Forbidden, signatures, a missing token or app, an unknown app, and a missing permission."""
NOT_THERE = ("不存在", "not exist")
"""Words by which an `apiResult` says that there is no such order."""


class Jd:
    """`keys` are the app key, the app secret and the shop's access token."""

    def __init__(
        self, url: str, seconds: float, keys: tuple[str, str, str], zone: str, refusal: type[Refusal] = PullRefused
    ) -> None:
        self._http = PlatformHttp("jd", url, seconds, refusal=refusal)
        self._key, self._secret, self._token = keys
        self._zone = ZoneInfo(zone)
        self._refusal = refusal

    def call(self, method: str, result: str, parameters: Mapping[str, Any]) -> tuple[Reader, httpx2.Response]:
        """Return the object `result` of the answer, which may still say that it failed.

        Raises CallLimited, TokenExpired, the `refusal` when access is denied, and PartnerTrouble.
        """
        response = self._http.post_form(self._signed(method, parameters))
        if response.status_code != OK:
            raise self.trouble(method, f"status {response.status_code}")
        try:
            answer = open_object(response.content)
            code = answer.object("error_response").text("code")
            # JD's own spelling.
            found = answer.object(f"{method.replace('.', '_')}_responce").unwrap(result)
        except Unreadable:
            raise self.trouble(method) from None
        if code == LIMITED:
            raise self._http.call_limited("")
        if code == EXPIRED:
            raise TokenExpired(f"jd: {method}: the token has ended")
        if code in NOT_ALLOWED:
            raise self._refusal("not_allowed", f"jd: {method}: error {code}")
        if code or not found.node:
            raise self.trouble(method, f"error {code}" if code else "")
        return found, response

    def trouble(self, method: str, what: str = "") -> PartnerTrouble:
        return self._http.trouble(f"{method}: {what or 'answered in another shape'}")

    def local(self, moment: datetime) -> str:
        return moment.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S")

    def close(self) -> None:
        self._http.close()

    def _signed(self, method: str, parameters: Mapping[str, Any]) -> dict[str, str]:
        form = {
            "method": method,
            "app_key": self._key,
            "access_token": self._token,
            "timestamp": self.local(datetime.now(self._zone)),
            "v": "2.0",
            "360buy_param_json": json.dumps(parameters, ensure_ascii=False, separators=(",", ":")),
        }
        form = {name: value for name, value in form.items() if value}
        return form | {"sign": sign(self._secret, form)}


def sign(secret: str, form: Mapping[str, str]) -> str:
    """Sign the fields, each with its name, in the order of names, between two secrets."""
    text = secret + "".join(name + form[name] for name in sorted(form)) + secret
    return md5(text.encode(), usedforsecurity=False).hexdigest().upper()


def is_done(result: Reader) -> bool:
    """True if an `apiResult` or another result says success, as a flag or as text."""
    return result.text("success").lower() == "true"


def says_not_there(result: Reader) -> bool:
    words = result.text("chineseErrCode", 500, cut=True) + result.text("englishErrCode", 500, cut=True)
    return any(one in words for one in NOT_THERE)
