"""Client for partners' statements, page by page or by id; the same protocol for every partner and book."""

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

PAGE_SIZE = 500
MAX_IDS_PER_CALL = 50
"""Subjects requested by id in one call, so that the URL stays short enough."""
MAX_LENGTH = 400


@dataclass(frozen=True, slots=True)
class StatementPage:
    """`cursor` names the next page for the partner, empty on the last one."""

    entries: tuple[Entry, ...]
    cursor: str


class Statements:
    """Every method raises NotListed if the partner keeps no such book, StatementRefused, or PartnerTrouble."""

    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def page(self, book: Book, start: datetime, end: datetime, cursor: str) -> StatementPage:
        """Return the next page of what changed from `start` to `end`; of everything, if the book is listed whole."""
        query = {"limit": str(PAGE_SIZE)} | ({"cursor": cursor} if cursor else {})
        if not book.whole:
            query |= {"from": start.isoformat(), "to": end.isoformat()}
        answer = self._get(book, list(query.items()))
        following = answer.body.get("next_cursor") or ""
        if not isinstance(following, str) or len(following) > MAX_LENGTH:
            raise answer.trouble("next_cursor is not a short text")
        if following and following == cursor:
            raise answer.trouble("next_cursor leads back to the same page")
        return StatementPage(_entries(book, answer), following)

    def of(self, book: Book, subjects: Sequence[str]) -> dict[str, Entry]:
        """Return the partner's entries by subject, whenever they changed; unknown subjects are missing."""
        found = dict[str, Entry]()
        for first in range(0, len(subjects), MAX_IDS_PER_CALL):
            batch = subjects[first : first + MAX_IDS_PER_CALL]
            answer = self._get(book, [("id", _encoded(book, subject)) for subject in batch])
            found |= {entry.subject: entry for entry in _entries(book, answer) if entry.subject in batch}
        return found

    def _get(self, book: Book, query: Sequence[tuple[str, str]]) -> Answer:
        path = f"/statements/{segment(book.name)}?{urlencode(query)}"
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
    fields = Answer(f"{answer.call}: items[{number}]", answer.status, item)
    subject = _decoded(book, "/".join(map(fields.text, book.subject)))
    if len(subject) > MAX_LENGTH or not subject.isprintable():
        raise fields.trouble(f"{book.subject[0]} is not a short text")
    return Entry(
        subject,
        _time(fields, book.at),
        status=_status(fields) if "status" in item else "",
        amount=_amount(fields) if "amount" in item else None,
        quantity=sum(fields.number(name) for name in book.number) if book.number else None,
    )


def _decoded(book: Book, subject: str) -> str:
    """Decode the subject: refunds are listed by our key as the header carried it."""
    return unquote(subject) if book == REFUNDS else subject


def _encoded(book: Book, subject: str) -> str:
    return key_in_header(subject) if book == REFUNDS else subject


def _time(fields: Answer, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(fields.text(field))
    except ValueError:
        raise fields.trouble(f"{field} is not a time") from None
    if at.tzinfo is None:
        raise fields.trouble(f"{field} has no time zone")
    return at


def _status(fields: Answer) -> str:
    status = fields.text("status")
    if len(status) > 40 or not status.isprintable():
        raise fields.trouble("status is not a short word")
    return status


def _amount(fields: Answer) -> Money:
    try:
        return Money.parse(fields.text("amount"), fields.text("currency"))
    except NotMoney:
        raise fields.trouble("amount or currency is not a known one") from None
