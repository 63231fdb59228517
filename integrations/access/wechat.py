"""WeChat: `cgi-bin/stable_token` gives the token of an app by its id and secret, for 7,200 seconds.

Source: developers.weixin.qq.com, getStableAccessToken: while a token is good the same one is given again, so that two
who ask do not take it from each other.
"""

from datetime import timedelta

from domain.errors import AccessRefused, TokenExpired
from integrations.access.renewer import Grant
from integrations.access.settings import AccessSettings
from integrations.channels.reading import Unreadable
from integrations.wechat import Wechat

PATH, SECONDS, LONGEST = "/cgi-bin/stable_token", 15.0, 7_200


def renew(access: AccessSettings) -> Grant:
    wechat = Wechat(str(access.renew_url or access.url), SECONDS, "", refusal=AccessRefused)
    asked = {"grant_type": "client_credential", "appid": access.key, "secret": access.secret.get_secret_value()}
    try:
        answer, _ = wechat.call(PATH, asked)
        if wechat.refusal_of(answer):
            raise AccessRefused("not_renewed")
        lasts = timedelta(seconds=min(answer.whole("expires_in"), LONGEST))
        return Grant(answer.need_text("access_token", 1_000), lasts)
    except AccessRefused:
        raise AccessRefused("not_renewed") from None
    except TokenExpired:
        # 40001 also says that the app's secret is wrong.
        raise AccessRefused("not_renewed") from None
    except Unreadable:
        raise wechat.trouble(PATH) from None
    finally:
        wechat.close()
