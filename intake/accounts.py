"""An account at a channel as intake needs it: whose words it speaks, what it starts from, and how it signs."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from integrations.channels.registry import TRANSLATORS, Signature, Translator
from integrations.channels.signatures import HmacScheme
from integrations.channels.translated import Shop
from models.channel import ChannelAccountRow
from models.database import Sessions

SHOP_SETTINGS = ("country", "currency", "zone", "salt", "marketplace", "carriers")
LONGEST_MERGE_WINDOW = 86_400


@dataclass(frozen=True, slots=True)
class Account:
    """`signature` is None where nobody signs, so that no webhook can be believed."""

    channel: str
    name: str
    translator: Translator
    shop: Shop
    secret: str = ""
    signature: Signature | None = None


def find_account(sessions: Sessions, channel: str, translator: str | None = None) -> Account | None:
    """The channel's account. A `translator` may be asked for instead of the account's own, also without any account."""
    with sessions() as session:
        row = session.get(ChannelAccountRow, channel)
    if row is not None:
        return make_account(channel, translator or row.translator, row.secret, row.settings)
    return make_account(channel, translator) if translator is not None else None


def make_account(channel: str, name: str, secret: str = "", settings: Mapping[str, Any] | None = None) -> Account:
    """Raises ValueError for a translator or a setting that nobody knows."""
    chosen = dict(settings or {})
    signature = chosen.pop("signature", None)
    _check_merging(chosen.pop("merge_window", 0), chosen.pop("merge_group", channel))
    if name not in TRANSLATORS:
        raise ValueError(f"the translators are {', '.join(TRANSLATORS)}")
    if unknown := set(chosen) - set(SHOP_SETTINGS):
        raise ValueError(f"nobody reads the setting {', '.join(sorted(unknown))}")
    translator = TRANSLATORS[name]
    return Account(
        channel=channel,
        name=name,
        translator=translator,
        shop=replace(translator.shop, channel=channel, **chosen),
        secret=secret,
        signature=HmacScheme(**signature) if signature else translator.signature,
    )


def _check_merging(window: object, group: object) -> None:
    if isinstance(window, bool) or not isinstance(window, int | float) or not 0 <= window <= LONGEST_MERGE_WINDOW:
        raise ValueError(f"merge_window is a number of seconds up to {LONGEST_MERGE_WINDOW}")
    if not isinstance(group, str) or not group:
        raise ValueError("merge_group names the channels whose orders may share a parcel")
