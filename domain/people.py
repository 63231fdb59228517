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
LOCAL_DIGITS = 9
"""Digits at the end of a number that are written by whoever writes it at all."""
ERASED = "erased-"
"""What the pseudonym of a person who was erased begins with."""
DIGITS = re.compile(r"[0-9][0-9 -]*")


def phone_number(text: str, country: str) -> str:
    """The number in the form of E.164 as it is dialed in the country (ISO 3166), else its bare digits."""
    try:
        return format_number(parse(text, country or None), PhoneNumberFormat.E164)
    except NumberParseException:
        return digits_of(text)


def is_erased(customer_id: str) -> bool:
    return customer_id.startswith(ERASED)


def digits_of(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())


def is_number_of(name: str, phone: str) -> bool:
    """Whether a name of a customer is but the phone number, with its country or without."""
    if not name or not (name[0].isdecimal() or name[0] in "+("):
        return False
    short, long = sorted((digits_of(name), digits_of(phone)), key=len)
    return len(short) >= NUMBER_LENGTH and long.endswith(short)


def redact(text: str, receiver: Mapping[str, Any]) -> str:
    """The text without the name, phone, e-mail and street of the receiver; a part of a name only as it is written.

    What is written about an order for good (its log, a history) can never be erased, and who writes it is asked to
    name nobody, which people forget.
    """
    text = _without_number(text, digits_of(str(receiver.get("phone") or "")))
    words = sorted(_words(receiver), key=len, reverse=True)
    return re.sub("|".join(words), HIDDEN, text) if words else text


def _without_number(text: str, number: str) -> str:
    """The text without the number, also without its country and with single spaces or dashes, as people write it.

    It is looked for digit by digit and not by a pattern: one with an optional group for each digit of the country is
    tried in as many ways as there are subsets of them.
    """
    if len(number) < NUMBER_LENGTH:
        return text
    end = number[-LOCAL_DIGITS:]
    for run in reversed(list(DIGITS.finditer(text))):
        places = [place for place in range(run.start(), run.end()) if text[place].isdecimal()]
        digits, cut = "".join(text[place] for place in places), len(places)
        while (at := digits.rfind(end, 0, cut)) >= 0:
            first, cut = at - _shared_end(digits[:at], number[:-LOCAL_DIGITS]), at + len(end) - 1
            start, stop = places[first], places[cut] + 1
            if not text[max(start - 1, 0) : start].isdecimal() and not text[stop : stop + 1].isdecimal():
                start, cut = start - (text[start - 1 : start] == "+"), first
                text = text[:start] + HIDDEN + text[stop:]
    return text


def _shared_end(one: str, other: str) -> int:
    """How many digits at their ends are the same."""
    shared = 0
    while shared < min(len(one), len(other)) and one[-1 - shared] == other[-1 - shared]:
        shared += 1
    return shared


def _words(receiver: Mapping[str, Any]) -> Iterator[str]:
    """Patterns of what names the receiver, without any repetition."""
    name = str(receiver.get("name") or "")
    lines = (str(line) for line in receiver.get("lines") or ())
    for whole in (name, str(receiver.get("email") or ""), *lines):
        if len(whole.strip()) >= SHORTEST:
            yield f"(?i:{_alone(whole.strip())})"
    yield from (_alone(part) for part in name.split() if len(part) >= SHORTEST)


def _alone(word: str) -> str:
    """Letters of the alphabet are a word by themselves only; Chinese ones stand without spaces."""
    edge = r"\b" if word.isascii() and word[0].isalnum() and word[-1].isalnum() else ""
    return f"{edge}{re.escape(word)}{edge}"
