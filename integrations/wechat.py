"""Client of WeChat shop: a path for each call, the token in the URL, errors inside a 200.

Source: developers.weixin.qq.com/doc/store/shop (calls) and its list of global codes.
"""

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import httpx2

from domain.errors import PartnerTrouble, PullRefused, Refusal, TokenExpired
from integrations.channels.reading import Reader, Unreadable, open_object
from integrations.platforms import PlatformHttp

OK = 200
DONE, BUSY = ("0", ""), "-1"
LIMITED = ("45009", "45011", "45047")
EXPIRED = ("40001", "40014", "41001", "42001")
NOT_ALLOWED = ("40013", "40125", "40164", "48001", "48004", "61004", "61007")
"""An unknown app, a wrong secret, our address, and missing or taken permissions."""
CODE = re.compile(r"-?[0-9]{1,12}")


class Wechat:
    """`token` is the app's access token."""

    def __init__(self, url: str, seconds: float, token: str, refusal: type[Refusal] = PullRefused) -> None:
        self._http = PlatformHttp("wechat", url, seconds, refusal=refusal)
        self._token = token
        self._refusal = refusal

    def call(self, path: str, body: Mapping[str, Any]) -> tuple[Reader, httpx2.Response]:
        """Return the answer, which may refuse the request for its content.

        Raises CallLimited, TokenExpired, the `refusal` when access is denied, and PartnerTrouble.
        """
        query = f"?{urlencode({'access_token': self._token})}" if self._token else ""
        response = self._http.post_text(path + query, path, json.dumps(body, ensure_ascii=False))
        if response.status_code != OK:
            raise self.trouble(path, f"status {response.status_code}")
        try:
            answer = open_object(response.content)
            code = answer.text("errcode")
        except Unreadable:
            raise self.trouble(path) from None
        if code in LIMITED:
            raise self._http.call_limited("")
        if code in EXPIRED:
            raise TokenExpired(f"wechat: {path}: the token has ended")
        if code in NOT_ALLOWED:
            raise self._refusal("not_allowed", f"wechat: {path}: error {code}")
        if code == BUSY:
            raise self.trouble(path, f"error {code}")
        return answer, response

    def refusal_of(self, answer: Reader) -> str:
        """The code by which the answer refuses the request, empty if it does not."""
        code = answer.text("errcode")
        if code in DONE:
            return ""
        return code if CODE.fullmatch(code) else "refused"

    def trouble(self, path: str, what: str = "") -> PartnerTrouble:
        return self._http.trouble(f"{path}: {what or 'answered in another shape'}")

    def close(self) -> None:
        self._http.close()
