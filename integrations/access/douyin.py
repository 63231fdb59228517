"""Douyin: `token.refresh`. A token lasts seven days, a refresh token fourteen, and each is used once.

Source: op.jinritemai.com, guide-docs, access_token; sub-codes of guide-docs/212/1427.
"""

from datetime import timedelta

from domain.errors import AccessRefused
from integrations.access.renewer import Grant
from integrations.access.settings import AccessSettings
from integrations.channels.reading import Unreadable
from integrations.douyin import Douyin

METHOD, SECONDS = "token.refresh", 15.0
LONGEST = 7 * 86_400


def renew(access: AccessSettings) -> Grant:
    app = access.key, access.secret.get_secret_value(), ""
    douyin = Douyin(str(access.renew_url or access.url), SECONDS, app, refusal=AccessRefused)
    try:
        asked = {"grant_type": "refresh_token", "refresh_token": access.refresh_token.get_secret_value()}
        answer, _ = douyin.call(METHOD, asked)
        if douyin.refusal_of(answer):
            raise AccessRefused("not_renewed")
        data = answer.object("data")
        lasts = timedelta(seconds=min(data.whole("expires_in"), LONGEST))
        return Grant(data.need_text("access_token", 500), lasts, data.need_text("refresh_token", 500))
    except Unreadable:
        raise douyin.trouble(METHOD) from None
    finally:
        douyin.close()
