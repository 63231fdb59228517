"""How a whole partner is at the moment: well, or in one kind of trouble."""

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """The table of troubles of a partner; docs/partners.md says what each one does."""

    NONE = "none"
    DOWN = "down"
    SLOW = "slow"
    LYING = "lying"
    PART = "part"
    LOST_ANSWER = "lost_answer"
    TWICE = "twice"


@dataclass(slots=True)
class Mood:
    """Every `every`-th call meets the trouble; `calls` came since it began, and `hit` of them met it."""

    kind: Kind = Kind.NONE
    seconds: float = 0.0
    every: int = 1
    calls: int = 0
    hit: int = 0

    def change(self, kind: Kind, seconds: float, every: int) -> None:
        self.kind, self.seconds, self.every, self.calls, self.hit = kind, seconds, every, 0, 0

    def met(self) -> Kind:
        """What the call that comes now meets."""
        self.calls += 1
        if self.kind == Kind.NONE or self.calls % self.every:
            return Kind.NONE
        self.hit += 1
        return self.kind
