"""The matters in which platforms differ, and what is known of one platform in one of them."""

from dataclasses import dataclass
from enum import StrEnum


class Matter(StrEnum):
    """A direction in which something is told, or something that an order may have. The value is its title."""

    PUSH = "push"
    PULL = "pull"
    RECONCILE = "reconciling pull"
    STOCK = "stock out"
    SHIPMENTS = "shipments out"
    PARCELS = "several parcels"
    REFUNDS = "refunds out"
    CANCELS_OUT = "cancels out"
    TOKENS = "tokens renewed"
    UNPAID = "unpaid orders"
    CANCELS = "cancels"
    ADDRESS = "changed addresses"
    SHIPPED = "shipped there"
    PARTLY_SHIPPED = "partly shipped there"
    REFUND_ASKED = "refund asked"
    REFUNDED = "refunded there"
    MASKED = "masked receivers"
    GIFTS = "gift lines"
    TESTS = "test orders"


class State(StrEnum):
    THERE = "yes"
    NOT_BUILT = "not built yet"
    NOT_THERE = "not there"


@dataclass(frozen=True, slots=True)
class Ability:
    """`what` says how it is done, or why not. `source` names the public paper; without one it is from memory and must
    be checked."""

    state: State
    what: str
    source: str = ""

    @property
    def known_from(self) -> str:
        return self.source or "from memory, to be checked"


Abilities = dict[Matter, Ability]


def there(what: str, source: str = "") -> Ability:
    """Baton does it."""
    return Ability(State.THERE, what, source)


def not_there(what: str, source: str = "") -> Ability:
    """The platform has no such thing."""
    return Ability(State.NOT_THERE, what, source)


def not_built(what: str = "the platform has it", source: str = "") -> Ability:
    """The platform has it, and Baton does not use it yet."""
    return Ability(State.NOT_BUILT, what, source)
