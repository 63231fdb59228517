"""One order, what may happen to its money in any order, and what must be true of it: the model of test_money.py."""

from collections import Counter
from dataclasses import dataclass, field, replace
from itertools import count

import httpx2
from sqlalchemy import func, select, text

from activities.audit import AuditRequest
from activities.capturing import CaptureStep
from activities.carrier_claims import Remedy
from activities.outcome import Ending
from activities.payment_links import LinkRequest
from activities.settlement import Settlement
from activities.shortages import Repayment
from commands.verify_money import MONEY_QUERIES
from commands.verify_reserved import RESERVED_QUERIES
from domain.disputes import DisputeOutcome, DisputeReport
from domain.editing.totals import worth
from domain.editing.wanted import WantedEdit
from domain.ids import return_id
from domain.money import Money
from domain.order import Order
from domain.payment_terms import AT_ORDER
from domain.returns.refunds import paid_by_unit
from domain.returns.requests import EndReturnRequest, RefundReturnRequest
from domain.tenders import BALANCES, Tender, TenderKind
from models.authorization import AuthorizationRow
from models.disputes import DisputeRow
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow
from models.order import OrderLineRow, OrderRow
from models.payment import MoneyMovementRow, PaymentLinkRow
from models.refunds import RefundTaskRow
from models.returns import ReturnRow
from record import money
from record.order_mapping import load_order, order_of
from record.orders import payment_claims, payment_links, refund_tasks
from record.orders.disputes import tell
from record.returns.store_credits import IssuedCredit, issue
from tests.activities.story import Steps, make_edit
from tests.activities.test_refunds import come_in
from tests.factories import LAMP, TEACUP, an_order, place_orders

CNY = "CNY"
LINES = ((LAMP, 3), (TEACUP, 2))
SKUS = [sku for sku, _ in LINES]
METHODS = {"card": "PAY", "held": "AUTH", "held-whole": "AUTH", "wallet": "WALLET"}
TERMS = {
    "tmall": {
        "held": {"kind": "authorized"},
        "held-whole": {"kind": "authorized", "capture": AT_ORDER},
        "wallet": {"kind": "platform", "refunds": "person"},
    }
}
numbers = count(1)


def placed(method: str, wanted: list[tuple[TenderKind, int]], steps: Steps) -> Order:
    """An order of a customer of its own, with odd cents, and these tenders."""
    tenders = tuple([_tender(steps, number, *one) for number, one in enumerate(wanted, 1)])
    odd = {"discount": Money(1_01, CNY), "tax": Money(77, CNY), "customer_id": f"C-{next(numbers)}"}
    order = an_order(LINES, tenders=tenders, payment_method=method, **odd)
    order = replace(order, grand_total=order.sum_of_parts)
    reference = f"{METHODS[method]}-M{next(numbers)}:{order.own_due.text}:CNY"
    collected = order.grand_total if method == "wallet" else None
    return replace(order, payment_reference=reference, collected=collected)


def _tender(steps: Steps, number: int, kind: TenderKind, minor: int) -> Tender:
    amount, name = Money(minor, CNY), next(numbers)
    reference = f"PAY-T{name}:{amount.text}:CNY" if kind is TenderKind.GATEWAY else f"POINTS-{name}"
    if kind in BALANCES:
        with steps.sessions.begin() as session:
            reference = issue(session, IssuedCredit(f"M-{name}", kind, "", Money(50_00, CNY), "lin"))[0].credit_id
    return Tender(number, kind, reference, amount, collected=kind is TenderKind.PLATFORM)


@dataclass
class Shop:
    """The order's units that are still to be sent, on the road by parcel, and with the customer."""

    steps: Steps
    order: Order
    gateway: str
    """Where it is told of payments."""
    left: Counter[str] = field(default_factory=lambda: Counter(dict(LINES)))
    road: dict[str, tuple[str, int]] = field(default_factory=dict)
    home: Counter[str] = field(default_factory=Counter)
    disputes: list[DisputeReport] = field(default_factory=list)
    parcels: int = 0

    @classmethod
    def open(cls, steps: Steps, order: Order, gateway: str) -> "Shop":
        [order_id] = place_orders(steps.sessions, [order])
        shop = cls(replace(steps, order_id=order_id, stored={}), order, gateway)
        assert shop.steps.audit.audit_order(AuditRequest(order_id, 1)).verdict == "pass"
        if order.payment_method == "held-whole":
            assert shop.steps.captures.capture_goods(CaptureStep(order_id)).refusal == ""
        return shop

    # What happens to goods

    def send(self, sku: str, units: int) -> None:
        """A parcel leaves; its money is captured first, where it is reserved."""
        units = min(units, self.left[sku])
        if not units:
            return
        self.parcels += 1
        name, order_id = f"{self.steps.order_id}-{self.parcels}", self.steps.order_id
        with self.steps.sessions.begin() as session:
            where = {"location_id": "HANGZHOU", "reason": "near", "status": "packed", "number": self.parcels}
            session.add(FulfillmentOrderRow(fulfillment_order_id=name, order_id=order_id, **where))
            session.flush()
            session.add(FulfillmentLineRow(fulfillment_order_id=name, sku=sku, quantity=units, allocated=0))
        if self.order.payment_method == "held":
            assert self.steps.captures.capture_goods(CaptureStep(order_id, name)).refusal == ""
        with self.steps.sessions.begin() as session:
            work = session.get_one(FulfillmentOrderRow, name)
            work.status, work.shipped_at = "shipped", func.now()
        self.left[sku] -= units
        self.road[name] = (sku, units)

    def lose(self, which: int, remedy: str) -> None:
        """A parcel is lost: its goods are sent again, or taken out of the order and paid back."""
        if not self.road or (remedy == "refund" and len(self.road) + self.left.total() + self.home.total() < 2):
            return
        name = sorted(self.road)[which % len(self.road)]
        sku, units = self.road.pop(name)
        settled = self.steps.claims.make_good(Remedy(self.steps.order_id, name, remedy, "sun"))
        assert settled.done
        if remedy == "reship":
            self.left[sku] += units
        else:
            self._repay(settled.repay_minor, f"{name}:refund:parcel")

    def deliver(self, which: int, _: int) -> None:
        if self.road:
            name = sorted(self.road)[which % len(self.road)]
            sku, units = self.road.pop(name)
            self.home[sku] += units
            with self.steps.sessions.begin() as session:
                session.get_one(FulfillmentOrderRow, name).status = "delivered"

    def cancel(self, sku: str, _: int) -> None:
        """A unit that cannot be had is canceled, and what was paid for it comes back."""
        if self.left[sku] < 1 or len(self.road) + self.left.total() + self.home.total() < 2:
            return
        with self.steps.sessions.begin() as session:
            order = load_order(session, self.steps.order_id)
            mine = OrderLineRow.order_id == self.steps.order_id, OrderLineRow.sku == sku
            line = session.scalars(select(OrderLineRow).where(*mine)).one()
            price = paid_by_unit(order)[line.line_no][line.withdrawn].minor_units
            line.withdrawn, line.canceled = line.withdrawn + 1, line.canceled + 1
        self.left[sku] -= 1
        self._repay(price, f"{self.steps.order_id}:refund:{next(numbers)}")

    def take_back(self, sku: str, units: int) -> None:
        """Units that the customer has come back."""
        if units := min(units, self.home[sku]):
            self.home[sku] -= units
            case = f"BACK-{next(numbers)}"
            self._refund_case(come_in(self.steps, case, {SKUS.index(sku) + 1: units}, {sku: units}))

    # What happens to money

    def edit(self, name: str, minor: int) -> None:
        """Staff sets another discount or shipping."""
        self._edit(WantedEdit(amounts={name: Money(minor, CNY)}))

    def want(self, sku: str, units: int) -> None:
        """The customer wants so many more units, or fewer."""
        line_no = SKUS.index(sku) + 1
        if -units <= self.left[sku] and (units > 0 or len(self.road) + self.home.total() + self.left.total() > 1):
            now = self.left[sku] + self.home[sku] + sum(each for one, each in self.road.values() if one == sku)
            if self._edit(WantedEdit(quantities={line_no: now + units})):
                self.left[sku] += units

    def pay_link(self, *_: int) -> None:
        """The customer pays what edits charge, and the gateway says so twice."""
        with self.steps.sessions() as session:
            link = payment_links.open_link(session, self.steps.order_id)
        if link:
            amount = Money(link.amount_minor, CNY)
            paid = {"reference": link.reference, "amount": amount.text, "currency": CNY, "status": "captured"}
            httpx2.post(f"{self.gateway}/payments", json=paid).raise_for_status()
            for _ in range(2):
                with self.steps.sessions.begin() as session:
                    payment_claims.capture(session, link.reference, amount)

    def claim(self, minor: int, to: str) -> None:
        """Goodwill, as money or store credit."""
        case = f"CLAIM-{next(numbers)}"
        asked = {"kind": "claim", "amount": Money(minor, CNY).text, "refund_to": to}
        self.steps.requests.open_return(self.steps.requested(case, **asked))
        self._refund_case(RefundReturnRequest(return_id(self.steps.order_id, case), 1))

    def dispute(self, minor: int, which: int) -> None:
        """A bank takes money back, of one of the payments."""
        payments = [one.reference for one in self.order.tenders if one.kind is TenderKind.GATEWAY] + [""]
        reference = payments[which % len(payments)]
        self.disputes.append(DisputeReport(f"DP-{next(numbers)}", Money(minor, CNY), payment_reference=reference))
        self._tell(self.disputes[-1])

    def decide(self, which: int, outcome: DisputeOutcome) -> None:
        if self.disputes:
            self._tell(replace(self.disputes.pop(which % len(self.disputes)), outcome=outcome))

    def hear(self, *_: int) -> None:
        """The gateway tells of every payment again, Baton asks it, and the order is audited again."""
        told = [(one.reference, one.amount) for one in self.order.tenders if one.kind is TenderKind.GATEWAY]
        told += [(self.order.payment_reference, self.order.own_due)] if self.order.payment_method == "card" else []
        for reference, amount in told:
            with self.steps.sessions.begin() as session:
                payment_claims.capture(session, reference, amount)
        self.settle()
        self.steps.audit.audit_order(AuditRequest(self.steps.order_id, next(numbers)))

    def pay_by_hand(self, *_: int) -> None:
        """A person pays back what she was asked to."""
        mine = RefundTaskRow.order_id == self.steps.order_id, RefundTaskRow.done_at.is_(None)
        with self.steps.sessions.begin() as session:
            for task in session.scalars(select(RefundTaskRow).where(*mine)).all():
                refund_tasks.pay(session, task, task.amount_minor, "BANK-1", "lin")

    def settle(self) -> None:
        Settlement(self.steps.sessions, self.steps.refunds.ways).settle_payment(self.steps.order_id)

    # How it ends

    def end(self) -> None:
        """Send what is left, deliver all and end; an order of which nothing has left is undone."""
        if self.road or self.home:
            for sku in SKUS:
                self.send(sku, self.left[sku])
            while self.road:
                self.deliver(0, 0)
            self._end("completed")
        else:
            assert self.steps.refunds.refund_order(self.steps.undo("payment")).done
            self._end("canceled")
        self.steps.reserve.release_stock(self.steps.undo(self.steps.order_id))
        self.settle()

    def _end(self, status: str) -> None:
        with self.steps.sessions.begin() as session:
            session.get_one(OrderRow, self.steps.order_id).status = "in_progress"
        self.steps.outcome.end_order(Ending(self.steps.order_id, status, "a reason"))

    # What must be true

    def holds_true(self) -> None:
        """By payment: no more captured than it may give, nor paid back than it gave. By line: no more sent than
        ordered."""
        most = {one.reference: one.amount.minor_units for one in self.order.tenders}
        with self.steps.sessions() as session:
            reserved = session.get(AuthorizationRow, self.steps.order_id)
            most[""] = reserved.amount_minor if reserved else self.order.own_due.minor_units
            links = select(PaymentLinkRow).where(PaymentLinkRow.order_id == self.steps.order_id)
            most |= {link.reference: link.amount_minor for link in session.scalars(links)}
            lines = select(OrderLineRow).where(OrderLineRow.order_id == self.steps.order_id)
            wanted = {line.sku: line.quantity - line.withdrawn for line in session.scalars(lines)}
        moved = self.moved()
        for payment in {payment for _, payment in moved}:
            assert moved["refunded", payment] <= moved["captured", payment] <= most[payment]
        for sku in SKUS:
            assert sum(units for one, units in self.road.values() if one == sku) + self.left[sku] <= wanted[sku]

    def adds_up(self) -> None:
        """What stays with us is what the order costs, less what its cases and its banks gave back; nothing of an order
        that is undone. Of a dispute a person is called where it is otherwise."""
        moved, whole = self.moved(), Counter[str]()
        for (kind, _), minor in moved.items():
            whole[kind] += minor
        kept = whole["captured"] - whole["refunded"] - whole["credited"]
        with self.steps.sessions() as session:
            row = order_of(session, self.steps.order_id)
            lines = session.scalars(select(OrderLineRow).where(OrderLineRow.order_id == row.order_id))
            withdrawn = {line.line_no: line.withdrawn for line in lines}
            # What was charged after everything had left is owed by a link, and not paid here.
            costs = worth(load_order(session, row.order_id), withdrawn).minor_units - row.charge_minor
            back = select(ReturnRow.refund_minor).where(ReturnRow.order_id == row.order_id)
            cases = sum(minor or 0 for minor in session.scalars(back))
            disputes = session.scalars(select(DisputeRow).where(DisputeRow.order_id == row.order_id)).all()
            lost = sum(one.taken_minor for one in disputes if one.outcome == DisputeOutcome.LOST)
            if row.status == "canceled":
                assert money.due_back(session, row.order_id) == []
                assert kept == sum(one.taken_minor for one in disputes if not one.outcome)
            elif not any(one.taken_minor for one in disputes):
                assert kept == costs - cases
            else:
                assert kept >= costs - cases - lost
                assert kept <= costs - cases or row.attention
            checks = {**MONEY_QUERIES, **RESERVED_QUERIES}
            wrong = {
                name: found
                for name, check in checks.items()
                if (found := [one.id for one in session.execute(text(check)) if one.wrong])
            }
        assert wrong == {}
        if "AUTH" in self.order.payment_reference:
            assert moved["captured", ""] + moved["voided", ""] == moved["authorized", ""]

    def moved(self) -> Counter[tuple[str, str]]:
        """Minor units by kind and payment, empty for the order's own."""
        found, mine = Counter[tuple[str, str]](), MoneyMovementRow.order_id == self.steps.order_id
        with self.steps.sessions() as session:
            for row in session.scalars(select(MoneyMovementRow).where(mine)):
                found[row.kind, row.key.partition("@")[2]] += row.amount_minor
        return found

    def _edit(self, wanted: WantedEdit) -> bool:
        number = next(numbers)
        outcome = make_edit(self.steps, wanted, number, recalled=True)
        if outcome.charges:
            self.steps.links.tell_links(LinkRequest(self.steps.order_id, f"{self.steps.order_id}-E-{number}"))
        if outcome.repay_minor:
            self._repay(outcome.repay_minor, f"{self.steps.order_id}:refund:{number}")
        return outcome.state == "applied"

    def _repay(self, minor: int, key: str) -> None:
        for _ in range(2):
            self.steps.shortages.repay_lines(Repayment(self.steps.order_id, key, minor, "canceled"))

    def _refund_case(self, request: RefundReturnRequest) -> None:
        """Twice, as all is; nothing of a case that was refused, since its order is undone."""
        with self.steps.sessions() as session:
            if session.get_one(ReturnRow, request.return_id).status == "rejected":
                return
        for _ in range(2):
            assert self.steps.return_refunds.refund_return(request).refusal == ""
        self.steps.returns.end_return(EndReturnRequest(request.return_id, "closed"))

    def _tell(self, told: DisputeReport) -> None:
        for _ in range(2):
            with self.steps.sessions.begin() as session:
                tell(session, self.steps.order_id, told, "payments")
