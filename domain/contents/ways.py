"""Ways to tell a customer: by milestone a list of them, of which the first that has an address is taken."""

import re
from collections.abc import Mapping, Sequence

from domain.contents.fields import FIELDS
from domain.order import Address

INBOX, SMTP, SMS, NOBODY = "inbox", "smtp", "sms", "nobody"
WAYS = (INBOX, SMTP, SMS, NOBODY)
EVERY = "*"
Ways = Mapping[str, Sequence[str]]
"""By name of a message (domain/contents/fields.py), or `*` for all others. `nobody` sends nothing."""
BY_INBOX: Ways = {EVERY: (INBOX,)}

# Deliberately narrow: no quotes, comments, lists or line ends, so that one text is one recipient.
MAIL_ADDRESS = re.compile(r"[^\s\x00-\x20\x7f@<>()\[\]\\,;:\"*]{1,64}@[^\s\x00-\x20\x7f@<>()\[\]\\,;:\"*]{1,190}")
PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,30}")
MISSING = {SMTP: "no_email", SMS: "no_phone"}
NO_ADDRESS = "no_address"


def check_ways(ways: Ways) -> None:
    """Raises ValueError for an unknown message or way, and without an entry for all others."""
    if unknown := ways.keys() - {EVERY, *FIELDS}:
        raise ValueError(f"{', '.join(sorted(unknown))} is no message; there are *, {', '.join(FIELDS)}")
    if EVERY not in ways:
        raise ValueError("* is missing: the ways of all other messages")
    for name, tried in ways.items():
        if not tried or set(tried) - set(WAYS):
            raise ValueError(f"{name} must list one or more of {', '.join(WAYS)}")


def choose_way(ways: Ways, name: str, receiver: Address) -> tuple[str, str]:
    """The way of this message and the address that it needs. If the receiver has none for any of the ways, the way is
    a code that says what is missing: `no_email`, `no_phone` or `no_address`."""
    tried = ways.get(name) or ways[EVERY]
    for way in tried:
        if way == NOBODY:
            return way, ""
        if address := _address(way, receiver):
            return way, address
        if way == INBOX:
            return way, ""
    missing = {MISSING[way] for way in tried}
    return (missing.pop() if len(missing) == 1 else NO_ADDRESS), ""


def is_mail_address(text: str) -> bool:
    return MAIL_ADDRESS.fullmatch(text) is not None


def _address(way: str, receiver: Address) -> str:
    if way == SMTP:
        return receiver.email if is_mail_address(receiver.email) else ""
    if way == SMS:
        return receiver.phone if PHONE.fullmatch(receiver.phone) else ""
    return receiver.email or receiver.phone
