"""The trouble that a whole partner is in, if any."""

from dataclasses import dataclass
from enum import StrEnum


class TroubleKind(StrEnum):
    """The troubles of a partner; docs/partners.md says what each one does."""

    NONE = "none"
    DOWN = "down"
    SLOW = "slow"
    LYING = "lying"
    PART = "part"
    LOST_ANSWER = "lost_answer"
    TWICE = "twice"


@dataclass(slots=True)
class TroubleState:
    """Every `every`-th call meets the trouble. `calls` counts calls since it began, `hit` those that met it."""

    kind: TroubleKind = TroubleKind.NONE
    seconds: float = 0.0
    every: int = 1
    calls: int = 0
    hit: int = 0

    def change(self, kind: TroubleKind, seconds: float, every: int) -> None:
        self.kind, self.seconds, self.every, self.calls, self.hit = kind, seconds, every, 0, 0

    def next_call(self) -> TroubleKind:
        """Count a call and return the trouble that it meets."""
        self.calls += 1
        if self.kind == TroubleKind.NONE or self.calls % self.every:
            return TroubleKind.NONE
        self.hit += 1
        return self.kind
