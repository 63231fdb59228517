"""What a person is called in the record, and keeping it out of what others write about them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

HIDDEN = "***"
SHORTEST = 2
"""Letters of a word that may be somebody's name; a single one is in every other word."""
NUMBER_LENGTH = 7
"""Digits that make a phone number of a text."""


def phone_number(text: str, country: str) -> str:
    """The number in the form of E.164 as it is dialed in the country (ISO 3166), else its bare digits."""
    try:
        return format_number(parse(text, country or None), PhoneNumberFormat.E164)
    except NumberParseException:
        return digits_of(text)


def digits_of(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())


def is_number_of(name: str, phone: str) -> bool:
    """Whether a name of a customer is but the phone number, with its country or without."""
    if not name or not (name[0].isdecimal() or name[0] in "+("):
        return False
    short, long = sorted((digits_of(name), digits_of(phone)), key=len)
    return len(short) >= NUMBER_LENGTH and long.endswith(short)


def unnamed(text: str, receiver: Mapping[str, Any]) -> str:
    """The text without the name, phone, e-mail and street of the receiver; a part of a name only as it is written.

    What is written about an order for good (its log, a history) can never be erased, and who writes it is asked to
    name nobody, which people forget.
    """
    for word in sorted(_words(receiver), key=len, reverse=True):
        text = re.sub(word, HIDDEN, text)
    return text


def _words(receiver: Mapping[str, Any]) -> Iterator[str]:
    """Patterns of what names the receiver."""
    name = str(receiver.get("name") or "")
    lines = (str(line) for line in receiver.get("lines") or ())
    for whole in (name, str(receiver.get("email") or ""), *lines):
        if len(whole.strip()) >= SHORTEST:
            yield f"(?i:{_alone(whole.strip())})"
    yield from (_alone(part) for part in name.split() if len(part) >= SHORTEST)
    digits = digits_of(str(receiver.get("phone") or ""))
    if len(digits) >= NUMBER_LENGTH:
        # People write a number without its country, and with spaces.
        country = "".join(f"(?:{digit}[ -]?)?" for digit in digits[:-9])
        yield rf"(?<!\d)\+?{country}{'[ -]?'.join(digits[-9:])}(?!\d)"


def _alone(word: str) -> str:
    """Letters of the alphabet are a word by themselves only; Chinese ones stand without spaces."""
    edge = r"\b" if word.isascii() and word[0].isalnum() and word[-1].isalnum() else ""
    return f"{edge}{re.escape(word)}{edge}"
