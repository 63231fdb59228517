"""Messages to the customer: a subject and a text in their language."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from domain.contents.fields import LINK, PERSONAL, fields_of, message_name
from domain.contents.snapshot import Snapshot
from domain.contents.templates import Text, Texts, choose, fields_used, fill

CHINESE = "zh-CN"
SPOKEN: Mapping[str, str] = dict.fromkeys(("CN", "HK", "MO", "TW"), CHINESE)
"""Default language by country; English elsewhere."""


@dataclass(frozen=True, slots=True)
class CustomerText:
    """A rendered message. `digest` is equal for equal texts about one order; it ignores and reveals no name."""

    content: dict[str, Any]
    digest: str


def render(
    snapshot: Snapshot,
    milestone: str,
    data: Mapping[str, Any],
    written: Texts,
    of_channel: str = "",
    wished: str = "",
    link: str = "",
) -> CustomerText:
    """Render a milestone with the templates of staff (`written`) or ours.

    `of_channel` is the language of the order's channel, `wished` a language that comes before all others, `link` the
    address of the customer's page; each may be empty.
    """
    name = message_name(milestone, data)
    language, text = choose(written, snapshot.order.channel, (wished, *languages_of(snapshot, of_channel)), name)
    fields = fields_of(snapshot, name, data, link)
    to = snapshot.order.ship_to
    content = {
        "to": to.email or to.phone,
        "name": to.name,
        "language": language,
        "subject": fill(text.subject, fields),
        "text": fill(text.text, fields),
        "fields": fields,
    }
    return CustomerText(content, _digest(snapshot.order_id, text, fields))


def languages_of(snapshot: Snapshot, of_channel: str) -> tuple[str, ...]:
    """The languages to try: of the customer, of the channel, of the country; an unknown one is empty."""
    return (snapshot.order.language, of_channel, SPOKEN.get(snapshot.order.ship_to.country, ""))


def _digest(order_id: str, text: Text, fields: Mapping[str, str]) -> str:
    values = {name: fields[name] for name in sorted(fields_used(text)) if name not in (*PERSONAL, LINK)}
    return blake2b(json.dumps([order_id, text.subject, text.text, values]).encode(), digest_size=16).hexdigest()
