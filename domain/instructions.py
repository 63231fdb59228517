"""Instructions that an order carries, from its remarks and from the rules of staff."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date, time
from typing import Any

from domain.remarks.intents import Instruction, Intent, RemarkReading

MERGE_WINDOW_SECONDS = 3_600
"""How long an order waits for the customer's other one if a remark asks to merge; the caller may set another time."""

URGENT_PRIORITY = 50
"""Half of the ordinary 100, so that the order comes first among those that wait for the same goods."""


@dataclass(frozen=True, slots=True)
class Instructions:
    """Special instructions for an order; an empty field asks for nothing.

    They hold text that people wrote (gift message, invoice title), so they stay on the order's row and out of
    histories. `carrier` is named as in `domain/remarks/carriers.py`, `location` by its code, `sourcing_policy` as in
    `domain/sourcing/policies.py`. A lower `priority` is more urgent: 100 is ordinary, 0 means not set. `deliver_days`
    are ISO weekdays, `deliver_between` is in the customer's local time.
    """

    carrier: str = ""
    location: str = ""
    sourcing_policy: str = ""
    priority: int = 0
    merge_window_seconds: int = 0
    ship_separately: bool = False
    deliver_on: date | None = None
    deliver_days: tuple[int, ...] = ()
    deliver_between: tuple[time, time] | None = None
    leave_at_door: bool = False
    no_locker: bool = False
    call_first: bool = False
    no_call: bool = False
    urgent: bool = False
    gift_wrap: bool = False
    gift_message: str = ""
    invoice_title: str = ""
    invoice_tax_number: str = ""

    def __bool__(self) -> bool:
        """True if anything is asked for."""
        return self != Instructions()

    def to_json(self) -> dict[str, Any]:
        """Only the fields that ask for something, with dates and times in ISO 8601."""
        asked = {name: value for name, value in asdict(self).items() if value != getattr(NOTHING_ASKED, name)}
        return {name: _plain(value) for name, value in asked.items()}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Instructions":
        """Read what `to_json` wrote in this or another version of Baton; unknown names are ignored.

        Raises ValueError for an invalid date or time.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{name: _READ.get(name, _same)(value) for name, value in stored.items() if name in known})


NOTHING_ASKED = Instructions()


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(part) for part in value]
    if isinstance(value, time):
        return value.isoformat("minutes")
    return value.isoformat() if isinstance(value, date) else value


def _same(value: Any) -> Any:
    return value


def _window(value: Any) -> tuple[time, time]:
    start, end = value
    return time.fromisoformat(start), time.fromisoformat(end)


_READ: Mapping[str, Callable[[Any], Any]] = {
    "deliver_on": date.fromisoformat,
    "deliver_days": tuple,
    "deliver_between": _window,
}


def instructions_from(reading: RemarkReading, merge_window_seconds: int = MERGE_WINDOW_SECONDS) -> Instructions:
    """The instructions in the remarks. Only rules of staff set `location`."""
    asked: dict[str, Any] = {}
    for one in reading.instructions:
        asked |= {"merge_window_seconds": merge_window_seconds} if one.intent is Intent.MERGE else _fields(one)
    return Instructions(**asked)


def _fields(one: Instruction) -> dict[str, Any]:
    """The fields of Instructions that one instruction of a remark sets."""
    value: Mapping[str, Any] = one.value
    match one.intent:
        case Intent.CARRIER:
            return {"carrier": value["carrier"]}
        case Intent.DELIVER_ON if "on" in value:
            return {"deliver_on": date.fromisoformat(value["on"])}
        case Intent.DELIVER_ON:
            return {"deliver_days": tuple(value["days"])}
        case Intent.DELIVER_BETWEEN:
            return {"deliver_between": _window((value["from"], value["to"]))}
        case Intent.GIFT_MESSAGE:
            return {"gift_message": value["text"]}
        case Intent.INVOICE:
            return {"invoice_title": value["title"], "invoice_tax_number": value["tax_number"]}
        case Intent.URGENT:
            return {"urgent": True, "priority": URGENT_PRIORITY}
        case _:
            return {one.intent.value: True}
