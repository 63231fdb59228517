"""Reads the requested delivery time and carrier of a clause."""

import re
from datetime import date

from domain.remarks.asking import NO
from domain.remarks.carriers import carriers_in
from domain.remarks.days import find_days
from domain.remarks.hours import find_hours
from domain.remarks.intents import Intent, Wish
from domain.remarks.rules import BEFORE_DAY, HOLD_BACK
from domain.remarks.words import SHIPPING

SEVERAL_DAYS = "names several days for the delivery"
NOT_THEN = "names a time at which nothing may be delivered"
NOT_THIS_CARRIER = "asks not to be sent by a carrier, and names no other"
SEVERAL_CARRIERS = "names several carriers"

# In these patterns `#` stands for a day and `@` for hours that were found.
_DELIVERY = re.compile(
    r"送|派|配|到|收货|签收|来|在家|家里有人|有空|有人|方便|可以|才能|\b(?:deliver\w*|bring|come"
    r"|arriv\w*|drop|home|available|only|"
    r"free|works?|best|fine|in|hand|receive)\b"
)
_AWAY = re.compile(
    r"不在|没人|无人|没空|上班|开会|要出门|出差|\b(?:not (?:home|in|available)|nobody|no ?one"
    r"|at work|working|away|out|busy)\b"
)
_PAST = re.compile(
    r"昨天|拍的?|买的|下的?单|订单|那单|一单|生日|结婚|order(?:ed)?\b|bought|birthday|wedding|日期|生产|上次"
)
_ONLY_TIME = re.compile(
    r"(?:[#@\W]|之?间|左右|的|时间|时段|please|pls|plz|only|on|in the|between|around|from|any ?time|delivery|thanks?)*"
)
_DEADLINE = re.compile(
    r"#[^@]{0,3}(?:前|以前|之前)|赶在#|\b(?:by|before|no later than|until) (?:the )?#"
    r"|#[^@]{0,6}(?:必须|一定)[^@]{0,4}到|最[晚迟]#"
)
_NOT_BEFORE = re.compile(rf"#[^@]{{0,2}}(?:以后|之后|后)|\b(?:after|from|not before) (?:the )?#|#[^@]{{0,6}}{SHIPPING}")
_NOT = re.compile(rf"{NO}[^,]{{0,12}}[#@]|[#@][^,]{{0,5}}{NO}[^,]{{0,6}}(?:送|派|配|来|deliver)")
_AVOID = re.compile(
    r"(?:除了?|除开|anything but|any(?:one)? (?:carrier )?(?:but|except)|except|丢|不送|不到|不好"
    r"|太慢|太差|never|lose|lost|hate)"
)


def read_time(clause: str, today: date) -> list[Wish]:
    """The delivery day and window that a folded clause asks for; empty for a time that is not about delivery."""
    days, rest = find_days(clause, today)
    windows, rest = find_hours(rest)
    if not (days or windows) or _PAST.search(rest):
        return []
    if days and _DEADLINE.search(rest):
        return [Wish(doubt=BEFORE_DAY)]
    if days == [{"on": today.isoformat()}] and re.search(SHIPPING, rest):
        return []
    if days and _NOT_BEFORE.search(rest):
        return [Wish(doubt=HOLD_BACK)]
    if _NOT.search(rest) and not _AWAY.search(rest):
        return [Wish(doubt=NOT_THEN)]
    away = _AWAY.search(rest)
    if away or not (_DELIVERY.search(rest) or _ONLY_TIME.fullmatch(rest)):
        return []
    if len(days) > 1 or len(windows) > 1:
        return [Wish(doubt=SEVERAL_DAYS)]
    return [
        *(Wish(Intent.DELIVER_ON, day) for day in days),
        *(Wish(Intent.DELIVER_BETWEEN, window) for window in windows),
    ]


def read_carriers(parts: list[str]) -> list[list[Wish] | None]:
    """The carrier wishes of each folded clause, or None for a clause that names no carrier.

    "Not A, but B" asks for B. A carrier that is only refused, or a choice between two, is left to a person.
    """
    wanted: list[tuple[int, str]] = []
    refused: list[int] = []
    for index, part in enumerate(parts):
        named = carriers_in(part)
        for name, start in named:
            avoided = re.search(rf"{NO}[^,]{{0,10}}$", part[:start]) or _AVOID.search(part)
            if avoided:
                refused.append(index)
            else:
                wanted.append((index, name))
    found: list[list[Wish] | None] = [None] * len(parts)
    for index in (*refused, *(index for index, _ in wanted)):
        found[index] = []
    if len({name for _, name in wanted}) > 1:
        found[wanted[0][0]] = [Wish(doubt=SEVERAL_CARRIERS)]
    elif wanted:
        found[wanted[0][0]] = [Wish(Intent.CARRIER, {"carrier": wanted[0][1]})]
    elif refused:
        found[refused[0]] = [Wish(doubt=NOT_THIS_CARRIER)]
    return found
