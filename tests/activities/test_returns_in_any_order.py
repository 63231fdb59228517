"""Cases of one order in any sequence, each step perhaps twice, never give too much money, goods or points."""

from dataclasses import dataclass, replace

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from activities.return_requests import CaseDecision
from commands.verify import verify
from domain.ids import return_id
from domain.money import Money
from domain.returns.kinds import KINDS, RefundTo, ReturnKind, carried_out_as
from domain.returns.requests import (
    DropFollowUpRequest,
    EndReturnRequest,
    PlaceFollowUpRequest,
    RecordGoodsRequest,
    RefundReturnRequest,
    SendFollowUpRequest,
)
from domain.status import RETURN, ReturnStatus, is_final
from models.messaging import MessageRow
from models.payment import MoneyMovementRow
from models.returns import ReturnRow
from tests.activities.story import Steps
from tests.conftest import EXAMPLES
from tests.factories import LAMP, TEACUP, place_order, stock_shop

ROUNDS = settings(max_examples=EXAMPLES // 5, stateful_step_count=12, suppress_health_check=[HealthCheck.too_slow])
ASKED = ("return_and_refund", "refund_only", "exchange", "reship", "claim", "store_return", "warranty")
TWICE = st.integers(1, 2)


@dataclass
class Asked:
    """A case that was requested."""

    name: str
    kind: str


class AfterSales(RuleBasedStateMachine):
    """A delivered order of two lamps and a cup, and every case that its customer may open."""

    cases: Bundle[Asked] = Bundle("cases")
    number = 0

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.all_steps = steps

    @initialize(discount=st.integers(0, 6797), shipping=st.integers(0, 800))
    def deliver(self, discount: int, shipping: int) -> None:
        AfterSales.number += 1
        stock_shop(self.all_steps.sessions, {"HANGZHOU": {LAMP: 3, TEACUP: 2}})
        total = Money(3 * 1999 + shipping - min(discount, 3 * 1999), "CNY")
        order_id = place_order(
            self.all_steps.sessions,
            discount=Money(min(discount, 3 * 1999), "CNY"),
            shipping=Money(shipping, "CNY"),
            grand_total=total,
            payment_reference=f"PAY-AFTER-{self.number}:{total.text}:CNY",
        )
        self.steps = replace(self.all_steps, order_id=order_id, stored={}).up_to("end_order")

    @rule(
        target=cases,
        kind=st.sampled_from(ASKED),
        to=st.sampled_from(RefundTo),
        lamps=st.integers(0, 2),
        cups=st.integers(0, 1),
        times=TWICE,
    )
    def ask(self, kind: str, to: str, lamps: int, cups: int, times: int) -> Asked:
        case_id = f"CASE-{len(self.steps.stored)}"
        amount = f"{lamps * 7 + cups}.5" if kind == "claim" else None
        units = {line_no: units for line_no, units in ((1, lamps), (2, cups)) if units}
        request = self.steps.requested(case_id, units, kind=kind, amount=amount, refund_to=to)
        answers = [self.steps.requests.open_return(request) for _ in range(times)]
        assert answers == answers[:1] * times
        case = Asked(return_id(self.steps.order_id, case_id), kind)
        if answers[0].status == ReturnStatus.REQUESTED:
            remedy = ("refund", "exchange", "reship")[lamps]
            self.steps.requests.decide_return(CaseDecision(case.name, True, "sun", remedy=remedy))
        if answers[0].status != ReturnStatus.REJECTED:
            self.steps.returns.record_goods(RecordGoodsRequest(case.name, "delivered"))
        return case

    @rule(case=cases, times=TWICE)
    def reserve_instead(self, case: Asked, times: int) -> None:
        if KINDS[self.lived_as(case)].replaces and self.open(case) and not self.paid(case):
            answers = [self.steps.follow_ups.place_follow_up(PlaceFollowUpRequest(case.name)) for _ in range(times)]
            assert answers == answers[:1] * times

    @rule(case=cases, lamps=st.integers(0, 3), cups=st.integers(0, 2), times=TWICE)
    def come_back(self, case: Asked, lamps: int, cups: int, times: int) -> None:
        """Receive fewer, more or no units of the case, some of them broken."""
        if not self.open(case) or not KINDS[self.lived_as(case)].goods_come or not lamps + cups:
            return
        goods = [(LAMP, lamps, "restock"), (TEACUP, cups, "scrap")]
        lines = [{"sku": sku, "quantity": units, "disposition": what} for sku, units, what in goods if units]
        events = [self.steps.return_event(what, lines, case=case.name) for what in ("received", "inspected")]
        for _ in range(times):
            self.steps.record_return(*events, case=case.name)

    @rule(case=cases, when=st.sampled_from(("", "at_approval")), times=TWICE)
    def pay(self, case: Asked, when: str, times: int) -> None:
        if self.open(case) and (when or self.ready(case)) and not self.row(case).moved_minor:
            step = RefundReturnRequest(case.name, 1, when)
            answers = [self.steps.return_refunds.refund_return(step) for _ in range(times)]
            assert answers == answers[:1] * times

    @rule(case=cases, times=TWICE)
    def send_instead(self, case: Asked, times: int) -> None:
        if self.open(case) and self.ready(case) and self.row(case).follow_up_id and not self.paid(case):
            answers = [self.steps.follow_ups.send_follow_up(SendFollowUpRequest(case.name)) for _ in range(times)]
            assert answers == answers[:1] * times

    @rule(case=cases, times=TWICE)
    def drop_instead(self, case: Asked, times: int) -> None:
        if self.open(case):
            for _ in range(times):
                self.steps.follow_ups.drop_follow_up(DropFollowUpRequest(case.name, reason="she keeps it"))

    @rule(case=cases)
    def end(self, case: Asked) -> None:
        """Close the case if it was refunded, else let it expire; release what was reserved for it."""
        if not self.open(case):
            return
        settled = self.paid(case) or self.row(case).moved_at
        early = self.row(case).status in (ReturnStatus.APPROVED, ReturnStatus.LABEL_ISSUED)
        if settled or early:
            self.steps.follow_ups.drop_follow_up(DropFollowUpRequest(case.name, reason="it is over"))
            self.steps.returns.end_return(EndReturnRequest(case.name, "closed" if settled else "expired"))

    @invariant()
    def nothing_too_many(self) -> None:
        if not hasattr(self, "steps"):
            return
        report = verify(self.steps.sessions)
        assert report.clean, [result.line.plain for result in report.results if result.wrong]
        with self.steps.sessions() as session:
            kept = self.kept()
            points = session.scalar(
                select(func.sum(MessageRow.data["points"].as_integer())).where(
                    MessageRow.order_id == self.steps.order_id, MessageRow.recipient == "crm"
                )
            )
        assert kept.minor_units >= 0
        assert points == kept.whole

    def teardown(self) -> None:
        if hasattr(self, "steps"):
            self.nothing_too_many()

    def kept(self) -> Money:
        sums = dict[str, int]()
        with self.steps.sessions() as session:
            for row in session.scalars(
                select(MoneyMovementRow).where(MoneyMovementRow.order_id == self.steps.order_id)
            ):
                sums[row.kind] = sums.get(row.kind, 0) + row.amount_minor
        return Money(sums.pop("captured", 0) - sum(sums.values()), "CNY")

    def row(self, case: Asked) -> ReturnRow:
        with self.steps.sessions() as session:
            return session.get_one(ReturnRow, case.name)

    def open(self, case: Asked) -> bool:
        return not is_final(RETURN, ReturnStatus(self.row(case).status))

    def paid(self, case: Asked) -> bool:
        return self.row(case).refunded_at is not None

    def ready(self, case: Asked) -> bool:
        """True if its goods were inspected, or none are to come."""
        return self.row(case).status == ReturnStatus.INSPECTED or not KINDS[self.lived_as(case)].goods_come

    def lived_as(self, case: Asked) -> ReturnKind:
        return carried_out_as(case.kind, self.row(case).remedy)


def test_cases_in_any_order_never_give_too_much_money_goods_or_points(steps: Steps) -> None:
    run_state_machine_as_test(lambda: AfterSales(steps), settings=ROUNDS)  # type: ignore[no-untyped-call]
