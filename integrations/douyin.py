"""Client of Douyin's shop platform: one path for each method, the parameters as sorted JSON, errors inside a 200.

Source: op.jinritemai.com, guide-docs/10/23 (calls and signature) and guide-docs/212/1427 (codes).
"""

import hmac
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import httpx2

from domain.errors import PartnerTrouble, PullRefused, Refusal, TokenExpired
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.platforms import PlatformHttp

OK = 200
SUCCESS, LIMITED, PLATFORMS_OWN = "10000", "60000", ("20000", "90000")
NOT_ALLOWED = ("30001", "30002", "40001", "40003")
"""Permissions, a missing signature or app, and a wrong one."""
EXPIRED = ("isv.access-token-expired", "isv.access-token-no-existed")
ZONE = ZoneInfo("Asia/Shanghai")
CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


class Douyin:
    """`keys` are the app key, the app secret and the shop's access token."""

    def __init__(
        self, url: str, seconds: float, keys: tuple[str, str, str], refusal: type[Refusal] = PullRefused
    ) -> None:
        self._http = PlatformHttp("douyin", url, seconds, refusal=refusal)
        self._key, self._secret, self._token = keys
        self._refusal = refusal

    def call(self, method: str, parameters: Mapping[str, Any]) -> tuple[Reader, httpx2.Response]:
        """Return the answer, which may refuse the request for its content.

        Raises CallLimited, TokenExpired, the `refusal` when access is denied, and PartnerTrouble.
        """
        text = param_json(parameters)
        now = datetime.now(UTC).astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
        signed = {"app_key": self._key, "method": method, "param_json": text, "timestamp": now, "v": "2"}
        query = {name: signed[name] for name in signed if name != "param_json"} | {
            "sign": sign(self._secret, signed),
            "sign_method": "hmac-sha256",
        }
        if self._token:
            query["access_token"] = self._token
        response = self._http.post_text(f"/{method.replace('.', '/')}?{urlencode(query)}", method, text)
        if response.status_code != OK:
            raise self.trouble(method, f"status {response.status_code}")
        try:
            answer = open_object(response.content)
            code, sub_code = answer.text("code"), answer.text("sub_code")
        except Unreadable:
            raise self.trouble(method) from None
        if code == LIMITED:
            raise self._http.call_limited("")
        if sub_code in EXPIRED:
            raise TokenExpired(f"douyin: {method}: the token has ended")
        if code in NOT_ALLOWED:
            raise self._refusal("not_allowed", f"douyin: {method}: error {code}")
        if not code or code in PLATFORMS_OWN:
            raise self.trouble(method, f"error {code}")
        return answer, response

    def refusal_of(self, answer: Reader) -> str:
        """The code by which the answer refuses the request, empty if it does not."""
        if answer.text("code") == SUCCESS:
            return ""
        code = answer.text("sub_code") or answer.text("code")
        return code if CODE.fullmatch(code) else "refused"

    def trouble(self, method: str, what: str = "") -> PartnerTrouble:
        return self._http.trouble(f"{method}: {what or 'answered in another shape'}")

    def close(self) -> None:
        self._http.close()


def param_json(parameters: Mapping[str, Any]) -> str:
    """The parameters as they are signed: names sorted at every depth, no blanks, nothing escaped."""
    return json.dumps(parameters, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sign(secret: str, fields: Mapping[str, str]) -> str:
    """Sign the fields, each with its name, in the order of names, between two secrets."""
    text = secret + "".join(name + fields[name] for name in sorted(fields)) + secret
    return hmac.digest(secret.encode(), text.encode(), "sha256").hex()
