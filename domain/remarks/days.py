"""Finds days as people write them, relative to the day of the order."""

import re
from collections.abc import Callable, Mapping
from datetime import date, timedelta

WEEKDAYS, WEEKEND = [1, 2, 3, 4, 5], [6, 7]
Value = Mapping[str, object]

_CN_DAYS = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5, "六": 6, "日": 7, "天": 7, **{str(n): n for n in range(1, 8)}}
_EN_DAYS = {name: n for n, name in enumerate(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), start=1)}
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_NEAR = {"今天": 0, "今日": 0, "today": 0, "tonight": 0, "今晚": 0, "明天": 1, "明日": 1, "明晚": 1, "tomorrow": 1}
_NEAR |= {"tmrw": 1, "后天": 2, "day after tomorrow": 2, "大后天": 3}

_WEEK = r"(?:周|星期|礼拜)"
_EN_DAY = r"(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?s?\b"
_MONTH = rf"({'|'.join(_MONTHS)})[a-z]{{0,6}}\.?"


def _on(day: date) -> Value:
    return {"on": day.isoformat()}


def _full(match: re.Match[str], today: date) -> Value:
    return _on(date(int(match[1]), int(match[2]), int(match[3])))


def _coming(month: int, day: int, today: date) -> Value:
    """This day of this year, or of the next year if it has passed."""
    found = date(today.year, month, day)
    return _on(found if found >= today else date(today.year + 1, month, day))


def _day_of_month(match: re.Match[str], today: date) -> Value:
    first = today.replace(day=1)
    found = today.replace(day=int(match[1]))
    return _on(found if found >= today else (first + timedelta(days=32)).replace(day=int(match[1])))


def _weekday(number: int, weeks: int, today: date) -> Value:
    """The next such weekday after today, or the one in the week that is `weeks` ahead; weeks begin on Monday."""
    if weeks:
        return _on(today + timedelta(days=7 * weeks + number - today.isoweekday()))
    return _on(today + timedelta(days=(number - today.isoweekday() - 1) % 7 + 1))


def _chinese_weekday(match: re.Match[str], today: date) -> Value:
    return _weekday(_CN_DAYS[match[2]], len(match[1] or ""), today)


def _english_weekday(match: re.Match[str], today: date) -> Value:
    return _weekday(_EN_DAYS[match[2]], 1 if match[1] else 0, today)


Reading = Callable[[re.Match[str], date], Value]
# The first pattern that matches wins, so longer forms stand above shorter ones.
_DAYS: tuple[tuple[str, Reading], ...] = (
    (r"(20\d\d)[年/.-](\d{1,2})[月/.-](\d{1,2})[日号]?", _full),
    (r"(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]?", lambda found, today: _coming(int(found[1]), int(found[2]), today)),
    (rf"\b{_MONTH} (\d{{1,2}})(?:st|nd|rd|th)?\b", lambda f, today: _coming(_MONTHS.index(f[1]) + 1, int(f[2]), today)),
    (
        rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}",
        lambda f, today: _coming(_MONTHS.index(f[2]) + 1, int(f[1]), today),
    ),
    (r"(?<![\d.:])(\d{1,2})[./](\d{1,2})(?![\d.:])", lambda f, today: _coming(int(f[1]), int(f[2]), today)),
    (
        rf"{_WEEK}[一1] ?(?:至|到|-|~) ?{_WEEK}?[五5]|工作日|平日|\bmon\w* ?(?:to|-|through) ?fri\w*",
        lambda *_: {"days": WEEKDAYS},
    ),
    (
        r"\b(?:week ?days?|working days?|business days?|business hours|office hours)\b|上班时间",
        lambda *_: {"days": WEEKDAYS},
    ),
    (rf"{_WEEK}[六6] ?(?:或|和|或者|、|与|跟|及)? ?{_WEEK}?[日天]|周末|双休日|休息日", lambda *_: {"days": WEEKEND}),
    (r"\bsat(?:urday)?s? ?(?:or|and|/) ?(?:on )?sun(?:day)?s?\b|\bweek-?ends?\b", lambda *_: {"days": WEEKEND}),
    (rf"(?:本|这个?|(下{{1,2}})个?){_WEEK}([一二三四五六日天1-7])", _chinese_weekday),
    (rf"(x)?{_WEEK}([一二三四五六日天1-7])", _chinese_weekday),
    (rf"\b(next )?(?:this )?{_EN_DAY}(?: (?:the )?\d{{1,2}}(?:st|nd|rd|th))?", _english_weekday),
    (
        r"大后天|后天|今[天日晚]|明[天日晚]|\b(?:day after tomorrow|today|tonight|tomorrow|tmrw)\b",
        lambda f, t: _on(t + timedelta(_NEAR[f[0]])),
    ),
    (r"(?<![\d月])(\d{1,2}) ?[号日](?!线|楼|门|栋)", _day_of_month),
)
_PATTERNS = tuple((re.compile(pattern), read) for pattern, read in _DAYS)


def find_days(clause: str, today: date) -> tuple[list[Value], str]:
    """The days in a folded clause, and the clause with `#` in their place. Impossible dates are left in."""
    days: list[Value] = []
    for pattern, read in _PATTERNS:
        while found := pattern.search(clause):
            try:
                days.append(read(found, today))
            except ValueError:
                break
            clause = f"{clause[: found.start()]}#{clause[found.end() :]}"
    return days, clause
