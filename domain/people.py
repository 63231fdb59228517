"""Personal data: recognizing phone numbers and names, and removing them from texts that are kept for good."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from phonenumbers import NumberParseException, PhoneNumberFormat, format_number, parse

HIDDEN = "***"
MIN_NAME_LENGTH = 2
"""Letters. A single letter is in every other word."""
NUMBER_LENGTH = 7
"""Digits from which on a text counts as a phone number."""
LOCAL_DIGITS = 9
"""Digits at the end of a phone number that everybody writes, whatever they write before them."""
ERASED = "erased-"
"""Prefix of the pseudonym of an erased person."""
PLAIN_NUMBER = re.compile(r"\+[1-9][0-9]{7,14}")
"""E.164 as it is, without anything to remove."""
DIGITS = re.compile(r"[0-9][0-9 -]*")


def phone_number(text: str, country: str) -> str:
    """The number in E.164 as dialed from the country (ISO 3166), or its bare digits if it is no valid number."""
    try:
        return format_number(parse(text, country or None), PhoneNumberFormat.E164)
    except NumberParseException:
        return digits_of(text)


def contact_phone(text: str, country: str) -> str:
    """The number by which a receiver is found, in E.164 where it is a valid one; empty if it is masked or no number."""
    if "*" in text or len(digits_of(text)) < NUMBER_LENGTH:
        return ""
    return text if PLAIN_NUMBER.fullmatch(text) else phone_number(text, country)


def contact_email(text: str) -> str:
    """The e-mail by which a receiver is found, whatever its letters' case; empty if it is masked or none."""
    return "" if "*" in text or "@" not in text else text.strip().lower()


def is_erased(customer_id: str) -> bool:
    return customer_id.startswith(ERASED)


def digits_of(text: str) -> str:
    return "".join(sign for sign in text if sign.isdecimal())


def is_number_of(name: str, phone: str) -> bool:
    """True if a customer's name is just the phone number, with or without its country code."""
    if not name or not (name[0].isdecimal() or name[0] in "+("):
        return False
    short, long = sorted((digits_of(name), digits_of(phone)), key=len)
    return len(short) >= NUMBER_LENGTH and long.endswith(short)


def redact(text: str, receiver: Mapping[str, Any]) -> str:
    """Replace name, phone, e-mail and street of the receiver by stars. Single parts of a name match case-sensitively.

    A log or a history can never be erased. People who write to it are asked to name nobody, and forget it.
    """
    text = _without_number(text, digits_of(str(receiver.get("phone") or "")))
    words = sorted(_words(receiver), key=len, reverse=True)
    return re.sub("|".join(words), HIDDEN, text) if words else text


def _without_number(text: str, number: str) -> str:
    """Hide the number, also without its country code or with single spaces or dashes.

    It is searched digit by digit: a regular expression with an optional group for each digit of the country code
    backtracks through every subset of them.
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
    """The number of equal digits at the ends of both."""
    shared = 0
    while shared < min(len(one), len(other)) and one[-1 - shared] == other[-1 - shared]:
        shared += 1
    return shared


def _words(receiver: Mapping[str, Any]) -> Iterator[str]:
    """Patterns for everything that names the receiver, without repetition operators."""
    name = str(receiver.get("name") or "")
    lines = (str(line) for line in receiver.get("lines") or ())
    for whole in (name, str(receiver.get("email") or ""), *lines):
        if len(whole.strip()) >= MIN_NAME_LENGTH:
            yield f"(?i:{_whole_word(whole.strip())})"
    yield from (_whole_word(part) for part in name.split() if len(part) >= MIN_NAME_LENGTH)


def _whole_word(word: str) -> str:
    """Match Latin letters as a whole word only; Chinese has no spaces between words."""
    edge = r"\b" if word.isascii() and word[0].isalnum() and word[-1].isalnum() else ""
    return f"{edge}{re.escape(word)}{edge}"
