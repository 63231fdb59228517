"""Compares statements of partners with the record, and names the kind of each difference.

Both sides change all the time, so an entry that changed on either side after the moment `settled` is not compared yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from domain.money import Money
from domain.statement_books import Book


class Kind(StrEnum):
    """How a subject differs. One that is missing there or unknown here has no other difference."""

    MISSING_THERE = "missing_there"
    UNKNOWN_HERE = "unknown_here"
    AMOUNT_DIFFERS = "amount_differs"
    STATUS_DIFFERS = "status_differs"
    QUANTITY_DIFFERS = "quantity_differs"


@dataclass(frozen=True, slots=True)
class Entry:
    """The partner's entry for a subject, and since when it is so. Fields that its book does not have are empty."""

    subject: str
    at: datetime
    status: str = ""
    amount: Money | None = None
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class RecordEntry:
    """Our record of a subject, and since when it is so. Empty fields and None are not compared.

    `statuses` are the partner's words for our `status`. A quantity from `least` to `most` agrees, since some units may
    be in transit. `owed`: the partner must know the subject.
    """

    subject: str
    since: datetime
    owed: bool = True
    status: str = ""
    statuses: frozenset[str] = frozenset()
    amount: Money | None = None
    least: int | None = None
    most: int | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """`ours` and `theirs` are what each side says, for people; empty where a side says nothing."""

    kind: Kind
    subject: str
    ours: str
    theirs: str


def differences(book: Book, ours: RecordEntry | None, theirs: Entry | None, settled: datetime) -> Iterator[Difference]:
    """Every difference between the two sides on one subject."""
    if ours is None:
        # A partner that lists none of goods that we do not know agrees with us.
        if theirs and book.strangers and theirs.at < settled and theirs.quantity != 0:
            yield Difference(Kind.UNKNOWN_HERE, theirs.subject, "", _in_words(theirs))
    elif theirs is None:
        if book.owed and ours.owed and ours.since < settled:
            yield Difference(Kind.MISSING_THERE, ours.subject, ours.status, "")
    elif ours.least is not None or max(ours.since, theirs.at) < settled:
        # A quantity changes all day and would never be settled; its range covers units in transit instead.
        yield from _differ(ours, theirs)


def _differ(ours: RecordEntry, theirs: Entry) -> Iterator[Difference]:
    if ours.amount and theirs.amount and ours.amount != theirs.amount:
        yield Difference(Kind.AMOUNT_DIFFERS, ours.subject, _money(ours.amount), _money(theirs.amount))
    if ours.statuses and theirs.status and theirs.status not in ours.statuses:
        yield Difference(Kind.STATUS_DIFFERS, ours.subject, ours.status, theirs.status)
    if ours.least is not None and ours.most is not None and theirs.quantity is not None:
        expected = str(ours.least) if ours.least == ours.most else f"{ours.least} to {ours.most}"
        if not ours.least <= theirs.quantity <= ours.most:
            yield Difference(Kind.QUANTITY_DIFFERS, ours.subject, expected, str(theirs.quantity))


def _in_words(theirs: Entry) -> str:
    if theirs.amount:
        return _money(theirs.amount)
    return str(theirs.quantity) if theirs.quantity is not None else theirs.status


def _money(amount: Money) -> str:
    return f"{amount.text} {amount.currency}"


class Age(StrEnum):
    """How long ago a difference was first found."""

    DAY = "day"
    WEEK = "week"
    OLDER = "older"


AGES: Mapping[Age, tuple[timedelta, timedelta | None]] = {
    Age.DAY: (timedelta(), timedelta(days=1)),
    Age.WEEK: (timedelta(days=1), timedelta(days=7)),
    Age.OLDER: (timedelta(days=7), None),
}
"""From and to (exclusive)."""
