"""What the customer is told: a subject and a text in a language that they read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from domain.contents.fields import PERSONAL, fields_of, message_name
from domain.contents.snapshot import Snapshot
from domain.contents.templates import Text, Texts, choose, fill, used

CHINESE = "zh-CN"
SPOKEN: Mapping[str, str] = dict.fromkeys(("CN", "HK", "MO", "TW"), CHINESE)
"""The language of a country, where nobody says another one; English in all others."""


@dataclass(frozen=True, slots=True)
class CustomerText:
    """`digest` is the same for the same text about the same order, whoever is named in it; it names nobody."""

    content: dict[str, Any]
    digest: str


def render(
    snapshot: Snapshot,
    milestone: str,
    data: Mapping[str, Any],
    written: Texts,
    of_channel: str = "",
    wished: str = "",
) -> CustomerText:
    """`written` is what staff wrote. `of_channel` is the language of the order's channel, and `wished` one that comes
    before all others; both may be empty."""
    name = message_name(milestone, data)
    language, text = choose(written, snapshot.order.channel, (wished, *languages_of(snapshot, of_channel)), name)
    fields = fields_of(snapshot, name, data)
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
    """The languages to try: that of the customer, of the channel, of the country; what nobody knows is empty."""
    return (snapshot.order.language, of_channel, SPOKEN.get(snapshot.order.ship_to.country, ""))


def _digest(order_id: str, text: Text, fields: Mapping[str, str]) -> str:
    said = {name: fields[name] for name in sorted(used(text)) if name not in PERSONAL}
    return blake2b(json.dumps([order_id, text.subject, text.text, said]).encode(), digest_size=16).hexdigest()
