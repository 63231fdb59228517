"""A call that sends messages goes on for as long as something comes, and is not stopped by what is never taken."""

from collections.abc import Callable
from dataclasses import dataclass, field

from sqlalchemy import text

from activities.patience import Patience
from activities.redeliver import LINGERING, Redeliver, RedeliverAnswer, RedeliverRequest
from domain.milestones import DELIVERED, RECEIVED, SHIPPED
from tests.activities.erp import Erp
from tests.activities.story import Steps
from tests.factories import an_order, place_orders


@dataclass(frozen=True)
class ByHand(Patience):
    """A clock that the pauses move. At the beginning of each pause the next of `happenings` happens; the worker shuts
    down after `idle` seconds."""

    happenings: list[Callable[[], object]] = field(default_factory=list)
    idle: float = 1_000
    passed: list[float] = field(default_factory=lambda: [0.0])

    def now(self) -> float:
        return self.passed[0]

    def pause(self) -> bool:
        if self.happenings:
            self.happenings.pop(0)()
        self.passed[0] += self.look_again
        return bool(self.happenings) or self.passed[0] < self.idle


def lingering(*happenings: Callable[[], object], idle: float = 1_000) -> ByHand:
    limits = LINGERING.look_again, LINGERING.give_up, LINGERING.end, LINGERING.retry
    return ByHand(*limits, happenings=[*happenings], idle=idle)


def call(erp: Erp, patience: Patience) -> RedeliverAnswer:
    rounds = erp.run.rounds
    return Redeliver(rounds.sessions, rounds.letters, patience).redeliver_batch(RedeliverRequest("erp"))


def poison(steps: Steps, erp: Erp) -> str:
    """Place an order with a message that no ERP takes."""
    [order_id] = place_orders(steps.sessions, [an_order()])
    erp.announce(order_id, RECEIVED)
    with steps.sessions.begin() as session:
        session.execute(text("UPDATE messages SET milestone = '' WHERE order_id = :id"), {"id": order_id})
    return order_id


def test_a_message_that_comes_while_the_call_lingers_is_told_within_a_second(steps: Steps, erp: Erp) -> None:
    # given a message that is written just after the call has looked
    seen: list[float] = []
    patience = lingering(
        lambda: erp.announce(steps.order_id, RECEIVED),
        lambda: seen.append(patience.now()) if erp.taken(steps.order_id) else None,
    )

    # when
    answer = call(erp, patience)

    # then
    assert min(seen) < 1
    assert answer == RedeliverAnswer(1)


def test_a_call_ends_when_nothing_has_come_for_a_while(steps: Steps, erp: Erp) -> None:
    # given
    patience = lingering(lambda: erp.announce(steps.order_id, RECEIVED))

    # when
    answer = call(erp, patience)

    # then
    assert answer == RedeliverAnswer(1)
    assert LINGERING.give_up <= patience.now() < LINGERING.give_up + 2


def test_a_busy_hour_costs_one_call_a_minute(steps: Steps, erp: Erp) -> None:
    # given a message at every look
    orders = place_orders(steps.sessions, [an_order() for _ in range(200)])
    patience = lingering(*(lambda name=name: erp.announce(name, RECEIVED) for name in orders))  # type: ignore[misc]

    # when
    answer = call(erp, patience)

    # then
    assert LINGERING.end <= patience.now() < LINGERING.end + 1
    assert answer.more
    assert answer.taken >= LINGERING.end / LINGERING.look_again - 2


def test_a_worker_that_shuts_down_ends_the_call_and_another_goes_on(steps: Steps, erp: Erp) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED)

    # when
    answer = call(erp, lingering(idle=0))

    # then
    assert answer == RedeliverAnswer(1, more=True)


def test_a_message_that_is_never_taken_delays_no_new_one(steps: Steps, erp: Erp) -> None:
    # given
    never = poison(steps, erp)
    seen: list[float] = []
    patience = lingering(
        lambda: None,
        lambda: erp.announce(steps.order_id, RECEIVED, SHIPPED),
        lambda: seen.append(patience.now()) if erp.taken(steps.order_id) == [RECEIVED, SHIPPED] else None,
    )

    # when
    answer = call(erp, patience)

    # then the others were told meanwhile, and this one was tried only a few times
    assert min(seen) < 2
    assert (answer.taken, answer.more) == (2, True)
    assert answer.problem.startswith("refused: ")
    with steps.sessions() as session:
        tries = session.scalar(
            text("SELECT tries FROM messages WHERE order_id = :id AND recipient = 'erp'"), {"id": never}
        )
    assert tries <= 1 + LINGERING.end // LINGERING.retry


def test_a_recipient_that_goes_away_meanwhile_ends_the_call(
    steps: Steps, erp: Erp, trouble: Callable[..., None]
) -> None:
    # given
    erp.announce(steps.order_id, RECEIVED)
    patience = lingering(lambda: trouble("erp", "down"), lambda: erp.announce(steps.order_id, SHIPPED, DELIVERED))

    # when
    answer = call(erp, patience)

    # then the next call finds it away, and Temporal waits before it tries again
    assert (answer.taken, answer.more) == (1, True)
    assert "503" in answer.problem
    erp.redeliver_in_vain()
