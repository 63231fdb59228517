"""JD: the refresh token of its OAuth gives a new token, and the next refresh token.

Source: open.jd.com, OAuth 2.0 (open-oauth.jd.com/oauth2/refresh_token).
"""

from datetime import timedelta

from domain.errors import AccessRefused
from integrations.access.renewer import Grant
from integrations.access.settings import AccessSettings
from integrations.channels.reading import Unreadable, open_object
from integrations.platforms import PlatformHttp

URL, SECONDS = "https://open-oauth.jd.com/oauth2/refresh_token", 15.0
LONGEST = 365 * 86_400


def renew(access: AccessSettings) -> Grant:
    http = PlatformHttp("jd", str(access.renew_url or URL), SECONDS, refusal=AccessRefused)
    asked = {
        "app_key": access.key,
        "app_secret": access.secret.get_secret_value(),
        "grant_type": "refresh_token",
        "refresh_token": access.refresh_token.get_secret_value(),
    }
    try:
        answer = open_object(http.get("", asked).content)
        if not answer.has("access_token") and answer.has("code"):
            raise AccessRefused("not_renewed")
        lasts = timedelta(seconds=min(answer.whole("expires_in"), LONGEST))
        return Grant(answer.need_text("access_token", 500), lasts, answer.need_text("refresh_token", 500))
    except Unreadable:
        raise http.trouble("GET refresh_token: answered in another shape") from None
    finally:
        http.close()
