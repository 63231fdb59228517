"""The words of pages by language: one file each in `console/words/`. A test compares the files."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

CHINESE, ENGLISH = "zh-CN", "en"
LANGUAGES: Mapping[str, str] = {CHINESE: "中文", ENGLISH: "English"}
"""Each with its own name for itself."""
ZONES: Mapping[str, ZoneInfo] = dict.fromkeys(("CN", "HK", "MO", "TW"), ZoneInfo("Asia/Shanghai"))
"""By country of the receiver. Elsewhere times are shown in UTC, and say so."""


class Words:
    """The words of one language, for a receiver in this country."""

    def __init__(self, language: str, country: str = "") -> None:
        self.language = language
        self._words = _read(language)
        self._zone = ZONES.get(country)

    def __call__(self, name: str, **values: object) -> str:
        """Return the words for a name such as `acts.cancel`, with values filled in; a KeyError for an unknown one."""
        shown = {key: self._shown(value) for key, value in values.items()}
        return self._words[name].format(**shown)

    def has(self, name: str) -> bool:
        return name in self._words

    def day(self, day: date) -> str:
        weekday = self(f"weekdays.{day.isoweekday()}")
        return self("dates.day", year=day.year, month=day.month, day=day.day, weekday=weekday)

    def time(self, at: datetime) -> str:
        local = at.astimezone(self._zone or UTC)
        clock = f"{local:%H:%M}" + ("" if self._zone else " UTC")
        return f"{self.day(local.date())} {clock}"

    def local_day(self, at: datetime) -> date:
        return at.astimezone(self._zone or UTC).date()

    def _shown(self, value: object) -> object:
        if isinstance(value, datetime):
            return self.time(value)
        return self.day(value) if isinstance(value, date) else value


def choose_language(wished: str | None, accepted: str) -> str:
    """Return the language that the switch of the page says, else the first of `Accept-Language` that there is."""
    if wished is not None and wished in LANGUAGES:
        return wished
    for part in sorted(accepted.split(","), key=_weight, reverse=True):
        root = part.partition(";")[0].strip().lower().partition("-")[0]
        found = next((language for language in LANGUAGES if language.lower().partition("-")[0] == root), None)
        if found and _weight(part) > 0:
            return found
    return ENGLISH


def _weight(part: str) -> float:
    _, _, weight = part.partition(";q=")
    try:
        return float(weight) if weight else 1.0
    except ValueError:
        return 0.0


@cache
def _read(language: str) -> Mapping[str, str]:
    with (Path(__file__).parent / "words" / f"{language}.toml").open("rb") as file:
        return {f"{table}.{name}": text for table, names in tomllib.load(file).items() for name, text in names.items()}
