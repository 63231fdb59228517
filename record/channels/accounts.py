"""Accounts at channels: translator, shop settings, signature, and settings for calls of its platform."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from domain.contents.templates import LANGUAGE
from domain.editing import of_channel
from domain.pulling import PullPlan
from domain.shortages import POLICIES, WAIT
from integrations.access.settings import AccessSettings, read_access_settings
from integrations.channels.proofs import Signature, of_app
from integrations.channels.registry import TRANSLATORS, Translator
from integrations.channels.signatures import HmacScheme
from integrations.channels.translated import Shop
from integrations.pulls.settings import PullSettings, read_pull_settings
from integrations.pushes.settings import PushSettings, read_push_settings
from integrations.refunds.settings import RefundSettings, read_refund_settings
from integrations.uploads.settings import UploadSettings, read_upload_settings
from models.channel import ChannelAccountRow
from models.database import Sessions
from models.vault import each_secret, vault_of

log = structlog.get_logger()

SHOP_SETTINGS = ("country", "currency", "zone", "salt", "marketplace", "carriers", "stores")
CALLED = ("access", "pull", "push", "upload", "refund")
MAX_MERGE_WINDOW = 86_400


@dataclass(frozen=True, slots=True)
class Account:
    """Without a `signature` no webhook is accepted. `pull`, `push`, `upload` and `refund` are None where orders are not
    pulled, stock is not pushed, parcels are not uploaded and nothing is paid back by a call. `language` is that of its
    customers, or empty. `access` is the token that all of them share, if it ends and is renewed."""

    channel: str
    name: str
    translator: Translator
    shop: Shop
    secret: str = ""
    signature: Signature | None = None
    pull: PullSettings | None = None
    push: PushSettings | None = None
    upload: UploadSettings | None = None
    refund: RefundSettings | None = None
    language: str = ""
    access: AccessSettings | None = None


def find_account(sessions: Sessions, channel: str, translator: str | None = None) -> Account | None:
    """Return the channel's account or None. A `translator` replaces the account's own, and needs no account."""
    with sessions() as session:
        row = session.get(ChannelAccountRow, channel)
        if row is not None:
            return account_of(session, row, translator)
    return make_account(channel, translator) if translator is not None else None


def account_of(session: Session, row: ChannelAccountRow, translator: str | None = None) -> Account:
    """Open the account of a row. Raises ValueError for an unknown translator or setting."""
    read = vault_of(session).read
    opened, name = each_secret(row.settings, read), translator or row.translator
    # Settings for calls fit the account's own platform only.
    settings = {key: opened[key] for key in opened if key not in CALLED or name == row.translator}
    return make_account(row.channel, name, read(row.secret), settings)


def pull_plans(sessions: Sessions) -> list[PullPlan]:
    """Return when each account is pulled. One that cannot be decrypted is logged and left out."""
    with sessions() as session:
        channels = session.scalars(select(ChannelAccountRow.channel).order_by(ChannelAccountRow.channel)).all()
    plans = []
    for channel in channels:
        try:
            account = find_account(sessions, channel)
        except (ValueError, TypeError) as error:
            log.error("account_unreadable", channel=channel, error=str(error))
            continue
        if account is not None and (pull := account.pull) is not None:
            zone = account.shop.zone or "UTC"
            plans.append(PullPlan(channel, pull.every, pull.reconcile_at, zone, pull.enabled))
    return plans


def make_account(channel: str, name: str, secret: str = "", settings: Mapping[str, Any] | None = None) -> Account:
    """Build an account. Raises ValueError for an unknown translator or setting."""
    chosen = dict(settings or {})
    signature, given, pull, push, upload, refund = (chosen.pop(key, None) for key in ("signature", *CALLED))
    _check_merging(chosen.pop("merge_window", 0), chosen.pop("merge_group", channel))
    if (when_short := chosen.pop("when_short", WAIT)) not in POLICIES:
        raise ValueError(f"when_short is one of {', '.join(POLICIES)}, not {when_short}")
    if (language := chosen.pop("language", "")) and not LANGUAGE.fullmatch(str(language)):
        raise ValueError("language is one such as en or zh-CN")
    if chosen.pop("edits", of_channel.APPLY) not in of_channel.POLICIES:
        raise ValueError(f"edits is one of {', '.join(of_channel.POLICIES)}")
    if name not in TRANSLATORS:
        raise ValueError(f"the translators are {', '.join(TRANSLATORS)}")
    if unknown := set(chosen) - set(SHOP_SETTINGS):
        raise ValueError(f"nobody reads the setting {', '.join(sorted(unknown))}")
    translator = TRANSLATORS[name]
    access = read_access_settings(name, given) if given is not None else None
    shared = access.shared if access is not None else {}
    app = (access.key, access.aes_key.get_secret_value()) if access is not None else ("", "")
    return Account(
        channel=channel,
        name=name,
        translator=translator,
        shop=replace(translator.shop, channel=channel, **chosen),
        secret=secret,
        signature=HmacScheme(**signature) if signature else of_app(translator.signature, *app),
        pull=read_pull_settings(name, shared | pull) if pull is not None else None,
        push=read_push_settings(name, shared | push) if push is not None else None,
        upload=read_upload_settings(name, shared | upload) if upload is not None else None,
        refund=read_refund_settings(name, shared | refund) if refund is not None else None,
        language=str(language),
        access=access,
    )


def _check_merging(window: object, group: object) -> None:
    if isinstance(window, bool) or not isinstance(window, int | float) or not 0 <= window <= MAX_MERGE_WINDOW:
        raise ValueError(f"merge_window is a number of seconds up to {MAX_MERGE_WINDOW}")
    if not isinstance(group, str) or not group:
        raise ValueError("merge_group names the channels whose orders may share a parcel")
