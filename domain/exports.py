"""Kept exports: when they run, and what their files are called."""

import re
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo, available_timezones

FORMATS = ("csv", "xlsx")
MOST_AN_HOUR = 12
_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day of the month", 1, 31), ("month", 1, 12), ("day of the week", 0, 6))
_PART = re.compile(r"(\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)
_FOLDER = re.compile(r"[\w.-]{1,80}(/[\w.-]{1,80}){0,9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ExportPlan:
    export_id: str
    cron: str
    zone: str
    active: bool


def check_cron(cron: str) -> None:
    """Raise ValueError, with a text for its author, unless it is five fields of numbers that a schedule can keep."""
    fields = cron.split(" ")
    if len(fields) != len(_FIELDS):
        raise ValueError("is five fields: minute, hour, day of the month, month, day of the week")
    for text, (name, least, most) in zip(fields, _FIELDS, strict=True):
        found = {number for part in text.split(",") for number in _numbers(part, name, least, most)}
        if name == "minute" and len(found) > MOST_AN_HOUR:
            raise ValueError(f"runs more than {MOST_AN_HOUR} times an hour")


def _numbers(part: str, name: str, least: int, most: int) -> range:
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f"has a {name} that is neither *, a number, a range nor a step: {part[:20]}")
    first = least if match[2] is None else int(match[2])
    last = most if match[1] == "*" else int(match[3] or (most if match[4] else match[2]))
    step = int(match[4] or 1)
    if not least <= first <= last <= most or step < 1:
        raise ValueError(f"has a {name} outside of {least} to {most}: {part[:20]}")
    return range(first, last + 1, step)


def check_zone(zone: str) -> None:
    if zone not in available_timezones():
        raise ValueError("is a time zone such as Asia/Shanghai")


def check_folder(folder: str) -> None:
    """Raise ValueError unless it is a path of plain names below where exports may go."""
    if not _FOLDER.fullmatch(folder) or any(part.strip(".") == "" for part in folder.split("/")):
        raise ValueError("is names with slashes between them, such as finance/daily, and leads nowhere else")


def file_name(name: str, at: datetime, zone: str, format: str) -> str:
    """Return the name of the file for a run that was due at this moment: the same for every try."""
    return f"{name}-{at.astimezone(ZoneInfo(zone)):%Y-%m-%d-%H%M}.{format}"
