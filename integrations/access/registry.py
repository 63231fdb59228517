"""Who renews the tokens of each platform, and where a person permits our app again."""

from collections.abc import Mapping

from integrations.access import douyin
from integrations.access.renewer import Renewer

RENEWERS: Mapping[str, Renewer] = {"douyin": douyin.renew}
PAGES: Mapping[str, str] = {"douyin": "https://fxg.jinritemai.com/index.html#/ffa/open/applicationAuthorize"}


def page_of(translator: str, link: str) -> str:
    """The page where a person permits our app: the account's own `link`, or the platform's; empty if there is none."""
    return link or PAGES.get(translator, "")
