"""The label of a parcel: enough for the courier, too little to find the person (GB/T 41833)."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

HIDDEN = "*"
SHOWN_DIGITS, HIDDEN_DIGITS = 4, 6
_TOKEN = r"[0-9A-Za-z](?:[0-9A-Za-z]|[-/](?=[0-9A-Za-z]))*"
# Numbers of streets, estates and buildings may be read; those of units, floors and rooms lead to a door.
_MAY_STAND = r"(?=\s*(?:号院|号楼|号|弄|巷|路|街|道|村|组|队|镇|乡|区|期|栋|幢|座|里|苑|园))"
_DOOR_IN_CHINESE = re.compile(rf"(?:{_TOKEN}|[一二三四五六七八九十百]+(?=\s*(?:单元|室|户|层|楼|门)))")
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_DOOR = re.compile(rf"((?:\b(?:apt|apartment|unit|room|rm|flat|suite|ste|floor|fl)\b\.?|#)\s*){_TOKEN}", re.IGNORECASE)
_STANDS = re.compile(rf"{_TOKEN}{_MAY_STAND}")
DAYS = ("", "周一", "周二", "周三", "周四", "周五", "周六", "周日")

# Instructions to the courier as they are printed. To print one more, add a line.
WISHES: Mapping[str, Callable[[Any], str]] = {
    "deliver_on": lambda day: f"{day} 送达 deliver on",
    "deliver_days": lambda days: f"{'、'.join(DAYS[day] for day in days)}送达 deliver on these days",
    "deliver_between": lambda hours: f"{'–'.join(hours)} 送达 deliver between",
    "leave_at_door": lambda _: "放门口 leave at the door",
    "no_locker": lambda _: "勿放快递柜 no locker",
    "call_first": lambda _: "派前电联 call first",
    "no_call": lambda _: "请勿致电 do not call",
}


@dataclass(frozen=True, slots=True)
class Party:
    """Sender or receiver as printed; a receiver is masked."""

    name: str
    phone: str
    region: str
    street: str


@dataclass(frozen=True, slots=True)
class Label:
    """The label of one parcel: `number` of `count`. `weight_grams` is 0 if nobody weighed it."""

    carrier: str
    service: str
    waybill: str
    sscc: str
    number: int
    count: int
    weight_grams: int
    shipment_id: str
    sender: Party
    receiver: Party
    wishes: tuple[str, ...] = ()
    collect: str = ""
    """What the courier collects, with its currency; empty for nothing."""


def masked_receiver(address: Mapping[str, Any]) -> Party:
    """The receiver of an address (as in docs/partners.md), masked: first letter, last four digits, no door."""
    places = (address.get(part, "") for part in ("country", "province", "city", "district"))
    street = " ".join(hide_door(line) for line in address.get("lines") or ())
    name, phone = str(address.get("name") or ""), str(address.get("phone") or "")
    return Party(hide_name(name), hide_phone(phone), " ".join(place for place in places if place), street)


def hide_name(name: str) -> str:
    """The first letter, and a star for each other one; a name of one letter is hidden entirely."""
    first = name[:1] if len(name.strip()) > 1 else ""
    return first + "".join(letter if letter.isspace() else HIDDEN for letter in name[len(first) :])


def hide_phone(phone: str) -> str:
    """The last four digits, or fewer so that at least six stay hidden."""
    digits = sum(letter.isdigit() for letter in phone)
    shown = min(SHOWN_DIGITS, max(0, digits - HIDDEN_DIGITS))
    hidden = digits - shown
    masked = []
    for letter in phone:
        hide = letter.isdigit() and hidden > 0
        hidden -= hide
        masked.append(HIDDEN if hide else letter)
    return "".join(masked)


def hide_door(line: str) -> str:
    """Hide unit, floor and room; keep street, house and building. A number that may be either is hidden."""
    if not _CHINESE.search(line):
        return _DOOR.sub(lambda found: f"{found[1]}{HIDDEN * 3}", line)
    kept = {match.start() for match in _STANDS.finditer(line)}
    return _DOOR_IN_CHINESE.sub(lambda found: found[0] if found.start() in kept else HIDDEN * 3, line)


def wishes_of(instructions: Mapping[str, Any]) -> tuple[str, ...]:
    """The instructions to the courier as printed. Free text is never among them."""
    return tuple(say(instructions[name]) for name, say in WISHES.items() if instructions.get(name))


def spaced(sscc: str) -> str:
    """The digits in groups for reading aloud: `09 5212 3400 0000 0013`."""
    return " ".join([sscc[:2], *(sscc[at : at + 4] for at in range(2, len(sscc), 4))])
