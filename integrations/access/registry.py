"""Who renews the tokens of each platform, and where a person permits our app again."""

from collections.abc import Mapping

from integrations.access import douyin, jd, wechat
from integrations.access.renewer import Renewer

RENEWERS: Mapping[str, Renewer] = {"douyin": douyin.renew, "jd": jd.renew, "wechat": wechat.renew}
PAGES: Mapping[str, str] = {
    "douyin": "https://fxg.jinritemai.com/index.html#/ffa/open/applicationAuthorize",
    "jd": "https://open-oauth.jd.com/oauth2/to_login",
    "wechat": "https://store.weixin.qq.com/shop",
}


def page_of(translator: str, link: str) -> str:
    """The page where a person permits our app: the account's own `link`, or the platform's; empty if there is none."""
    return link or PAGES.get(translator, "")
