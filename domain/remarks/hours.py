"""Finds hours of the day as people write them."""

import re
from collections.abc import Mapping

EARLIEST, LATEST = "08:00", "22:00"
FIRST_MINUTE, LAST_MINUTE = 8 * 60, 22 * 60
"""Carriers deliver between these hours, so "after six" ends at LATEST. FIRST_MINUTE and LAST_MINUTE are the same in
minutes since midnight."""

# To add a part of the day, add a line.
PARTS_OF_THE_DAY = (
    (r"下班(?:以|之)?后|after work", "18:00", LATEST),
    (r"before (?:noon|lunch)|中午(?:以|之)?前", EARLIEST, "12:00"),
    (r"after (?:noon|lunch)|中午(?:以|之)?后", "12:00", "18:00"),
    (r"上午|早上|早晨|一早|\bmornings?\b", EARLIEST, "12:00"),
    (r"中午|\b(?:noon|midday|lunch ?time)\b", "11:00", "14:00"),
    (r"下午|午后|\bafternoons?\b", "12:00", "18:00"),
    (r"傍晚", "17:00", "20:00"),
    (r"晚上|晚间|夜间|夜里|今晚|明晚|\b(?:evenings?|tonight|nights?)\b", "18:00", LATEST),
)
_PARTS = tuple((re.compile(pattern), start, end) for pattern, start, end in PARTS_OF_THE_DAY)

_NUMBERS = {"十二": 12, "十一": 11, "十": 10, "一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5}
_NUMBERS |= {"六": 6, "七": 7, "八": 8, "九": 9}
_HALF_DAY = r"(上午|早上|早晨|中午|下午|傍晚|晚上|晚)?"
_HOUR = (
    rf"{_HALF_DAY} ?(\d{{1,2}}|十[一二]?|[一二两三四五六七八九])(?: ?([:：点时])(?: ?(\d{{2}}|半))?钟?)? ?(am|pm"
    rf"|a\.m\.|p\.m\.|o'clock)?"
)
_RANGE = re.compile(rf"{_HOUR} ?(?:-|–|—|~|到|至|to|and|till|until) ?{_HOUR}(?![\d月日号])")
_AFTER = re.compile(
    rf"{_HOUR} ?(?:以后|之后|后|过后)|(?:\bafter|\bfrom|过了) {_HOUR}(?! ?(?:days?|min|hours?|weeks?|\d|月|天))"
)
_BEFORE = re.compile(rf"{_HOUR} ?(?:以前|之前|前)|\b(?:before|by) {_HOUR}(?! ?(?:days?|min|hours?|weeks?|\d|月|天))")
_POINT = re.compile(_HOUR)
_PARTS_OF_HOUR = 5
Hour = tuple[str | None, ...]
"""The groups of _HOUR: part of the day, number, sign for hours, minutes, am or pm."""


def find_hours(clause: str) -> tuple[list[Mapping[str, object]], str]:
    """The time windows in a folded clause, and the clause with `@` in their place."""
    windows: list[Mapping[str, object]] = []
    for pattern in (_RANGE, _AFTER, _BEFORE, _POINT):
        if (found := pattern.search(clause)) and (window := _window(pattern, found)):
            windows.append({"from": window[0], "to": window[1]})
            clause = f"{clause[: found.start()]}@{clause[found.end() :]}"
            break
    for part, start, end in _PARTS:
        if found := part.search(clause):
            clause = part.sub("@", clause)
            windows.append({"from": start, "to": end})
    return windows, clause


def _window(pattern: re.Pattern[str], found: re.Match[str]) -> tuple[str, str] | None:
    """From and to, or None if the numbers are not hours."""
    groups = found.groups()
    first, second = groups[:_PARTS_OF_HOUR], groups[_PARTS_OF_HOUR:]
    between = _range(first, second) if pattern is _RANGE else _around(pattern, found[0], first if first[1] else second)
    return (_clock(between[0]), _clock(between[1])) if between and between[0] < between[1] else None


def _range(first: Hour, second: Hour) -> tuple[int, int] | None:
    """In minutes since midnight. Half of the day may be given once for both: "2-4pm", "下午2点到4点"."""
    half, number, marked, minutes, suffix = first
    if not (marked or suffix or second[2] or second[4]):
        return None
    if not suffix and _as_int(number) < _as_int(second[1]):
        suffix = second[4]
    start = _minutes((half, number, marked, minutes, suffix))
    end = _minutes((second[0] or half, *second[1:]))
    return None if start is None or end is None else (start, end)


def _around(pattern: re.Pattern[str], written: str, hour: Hour) -> tuple[int, int] | None:
    """After, before or at an hour, in minutes since midnight. A bare number is an hour only after "after" or
    "before"."""
    marked = hour[2] or hour[4] or written.startswith(("after", "before"))
    at = _minutes(hour) if marked else None
    if at is None:
        return None
    if pattern is _AFTER:
        return at, LAST_MINUTE
    return (FIRST_MINUTE, at) if pattern is _BEFORE else (at, at + 60)


def _as_int(number: str | None) -> int:
    return int(number) if number and number.isdigit() else _NUMBERS.get(number or "", 0)


def _minutes(hour: Hour) -> int | None:
    """Minutes since midnight. One to seven without am or pm means the afternoon, since nobody delivers at night."""
    half, number, _, minutes, suffix = hour
    hours, past = _as_int(number), 30 if minutes == "半" else int(minutes or 0)
    if hours > 23 or past > 59:
        return None
    later = half in ("下午", "傍晚", "晚上", "晚") or suffix in ("pm", "p.m.")
    earlier = half in ("上午", "早上", "早晨") or suffix in ("am", "a.m.")
    if hours < 12 and (later or (not earlier and hours <= 7)):
        hours += 12
    return 60 * hours + past


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}" if minutes < 24 * 60 else "23:59"
