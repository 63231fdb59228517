"""What a partner lists of what it knows, page by page and by id: the same few rules for every partner and book."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlencode

from domain.errors import NotListed, StatementRefused
from domain.money import Money, NotMoney
from domain.statement_books import REFUNDS, Book
from domain.statements import Entry
from integrations.http import Answer, PartnerHttp, key_in_header, segment

PAGE = 500
AT_ONCE = 50
"""How many subjects are asked for by id in one call, so that no address gets too long."""
LONGEST = 400


@dataclass(frozen=True, slots=True)
class StatementPage:
    """`cursor` is the partner's name of the next page, empty on the last."""

    entries: tuple[Entry, ...]
    cursor: str


class Statements:
    """Every method raises NotListed where the partner keeps no such book, StatementRefused, or PartnerTrouble."""

    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def page(self, book: Book, start: datetime, end: datetime, cursor: str) -> StatementPage:
        """The next page of what changed from `start` to `end`, or of everything where the book is listed whole."""
        asked = {"limit": str(PAGE)} | ({"cursor": cursor} if cursor else {})
        if not book.whole:
            asked |= {"from": start.isoformat(), "to": end.isoformat()}
        answer = self._ask(book, list(asked.items()))
        following = answer.body.get("next_cursor") or ""
        if not isinstance(following, str) or len(following) > LONGEST:
            raise answer.trouble("next_cursor is not a short text")
        if following and following == cursor:
            raise answer.trouble("next_cursor leads back to the same page")
        return StatementPage(_entries(book, answer), following)

    def of(self, book: Book, subjects: Sequence[str]) -> dict[str, Entry]:
        """What the partner says of these subjects, whenever they changed; those that it does not know are left out."""
        found = dict[str, Entry]()
        for first in range(0, len(subjects), AT_ONCE):
            some = subjects[first : first + AT_ONCE]
            answer = self._ask(book, [("id", _theirs(book, subject)) for subject in some])
            found |= {entry.subject: entry for entry in _entries(book, answer) if entry.subject in some}
        return found

    def _ask(self, book: Book, asked: Sequence[tuple[str, str]]) -> Answer:
        path = f"/statements/{segment(book.name)}?{urlencode(asked)}"
        answer = self._http.get(path, refusal=StatementRefused, expected=(200, 404))
        if answer.status == 404:
            raise NotListed("not_listed", f"{self._http.name} keeps no {book.name}")
        return answer


def _entries(book: Book, answer: Answer) -> tuple[Entry, ...]:
    items = answer.body.get("items")
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise answer.trouble("items is not a list of objects")
    return tuple(_entry(book, answer, number, item) for number, item in enumerate(items))


def _entry(book: Book, answer: Answer, number: int, item: Mapping[str, Any]) -> Entry:
    told = Answer(f"{answer.call}: items[{number}]", answer.status, item)
    subject = _ours(book, "/".join(map(told.text, book.subject)))
    if len(subject) > LONGEST or not subject.isprintable():
        raise told.trouble(f"{book.subject[0]} is not a short text")
    return Entry(
        subject,
        _time(told, book.at),
        status=_word(told) if "status" in item else "",
        amount=_amount(told) if "amount" in item else None,
        quantity=sum(told.number(name) for name in book.number) if book.number else None,
    )


def _ours(book: Book, subject: str) -> str:
    """Our keys come back as they were sent."""
    return unquote(subject) if book == REFUNDS else subject


def _theirs(book: Book, subject: str) -> str:
    return key_in_header(subject) if book == REFUNDS else subject


def _time(told: Answer, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(told.text(field))
    except ValueError:
        raise told.trouble(f"{field} is not a time") from None
    if at.tzinfo is None:
        raise told.trouble(f"{field} has no time zone")
    return at


def _word(told: Answer) -> str:
    status = told.text("status")
    if len(status) > 40 or not status.isprintable():
        raise told.trouble("status is not a short word")
    return status


def _amount(told: Answer) -> Money:
    try:
        return Money.parse(told.text("amount"), told.text("currency"))
    except NotMoney:
        raise told.trouble("amount or currency is not a known one") from None
