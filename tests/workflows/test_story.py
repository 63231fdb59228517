"""Whatever comes in whatever order while an order is carried out: goods and money are conserved, and it ends.

The partners are the simulators at our pace, with their troubles; between their steps come cancels, returns, other
addresses and money, also while a step is under way or is tried again. STORY_EXAMPLES=1000 for the wide run.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine
from contextlib import suppress
from typing import Any, TypeVar
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test
from temporalio.client import WorkflowUpdateFailedError, WorkflowUpdateHandle, WorkflowUpdateStage
from temporalio.service import RPCError

from domain.status import ORDER, RETURN, OrderStatus, ReturnStatus, is_final
from simulators.world import World
from tests.api.channel_calls import open_account, push
from tests.baton import Baton, order_body
from tests.workflows.story_world import OURS, PARTNERS, PAUSE, STEPS, Clock, Doors

EXAMPLES = int(os.environ.get("STORY_EXAMPLES", "8"))
STORIES = settings(
    max_examples=EXAMPLES,
    stateful_step_count=8,
    deadline=None,
    derandomize=True,
    database=None,
    # To look for a smaller one would take as long again, and the steps are printed.
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)
TROUBLES = (
    *("SHORT-PICK", "PICK-REJECTED", "CARRIER-REFUSES", "DUPLICATE-WEBHOOK", "LATE-WEBHOOK"),
    *("LOST-PARCEL", "REFUSED-BY-RECEIVER", "FAILED-ATTEMPTS", "REFUND-PENDING"),
)
BEGINNINGS = ("", "", "release_to_pick", "book_shipment", "allocate_stock", "stock", "stock", "audit_order")
ORDERED = {1: 2, 2: 1}
SKUS = {1: "ELEGANT-LAMP", 2: "TEA-SET"}
TOTAL = "330.00"
GONE = ("in_transit", "out_for_delivery", "delivered", "exception")
ENDS_WITHIN = 240.0
Answer = TypeVar("Answer")


class Story(RuleBasedStateMachine):
    """One order of two lamps and a tea set, and everybody who acts on it."""

    baton: Baton
    doors: Doors
    clock: Clock
    loop: asyncio.AbstractEventLoop
    number = 0

    @initialize(
        troubles=st.sets(st.sampled_from(TROUBLES), max_size=2),
        begins=st.sampled_from(BEGINNINGS),
        kept=st.booleans(),
        paid=st.sampled_from([True, True, True, False]),
    )
    def order(self, troubles: set[str], begins: str, kept: bool, paid: bool) -> None:
        Story.number += 1
        self.name = "-".join([f"STORY{Story.number}", *sorted(troubles)])
        self.doors.kept = kept
        self.paid, self.version, self.cases = paid, 9, 0
        self.cancels: list[WorkflowUpdateHandle[Any]] = []
        self.in_time = False
        """True if it was canceled before any pick was asked for."""
        if begins:
            self.doors.shut_for("allocate_stock" if begins == "stock" else begins)
        self.run(self._place())
        if begins == "stock":
            self.run(self._reserved())
            self.doors.open_all()
            self.doors.hold_stock(self.baton.sessions)
            self.run(self._move_on())

    @rule(steps=st.integers(1, 3))
    def time_passes(self, steps: int) -> None:
        for _ in range(steps):
            self.clock.advance()
            self.run(self._settle())

    @rule(step=st.sampled_from((*OURS, *PARTNERS)))
    def a_step_gets_stuck(self, step: str) -> None:
        self.doors.shut_for(step)

    @rule()
    def what_is_stuck_goes_on(self) -> None:
        self.run(self._open_doors())

    @rule()
    def the_customer_cancels(self) -> None:
        self.run(self._cancel())

    @rule(lamps=st.integers(0, 2), sets=st.integers(0, 1))
    def units_are_given_back(self, lamps: int, sets: int) -> None:
        lines = [{"line_no": no, "quantity": units} for no, units in ((1, lamps), (2, sets)) if units]
        if lines:
            self.cases += 1
            self.run(self._give_back(f"R-{self.cases}", lines))

    @rule()
    def everything_is_given_back(self) -> None:
        self.units_are_given_back(2, 1)

    @rule(city=st.sampled_from(["广州市", "珠海市"]))
    def the_address_changes(self, city: str) -> None:
        self.version += 1
        self.run(self._tell_channel(ship_to=self.body["ship_to"] | {"city": city, "lines": [f"{city} 1"]}))

    @rule()
    def the_customer_pays(self) -> None:
        if not self.paid:
            self.paid = True
            self.run(self._pay())

    @rule()
    def a_person_lets_it_go_on(self) -> None:
        self.run(self._help())

    def teardown(self) -> None:
        if hasattr(self, "order_id"):
            self.run(self._end())
            self.run(self._judge())

    def run(self, work: Coroutine[Any, Any, Answer]) -> Answer:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(ENDS_WITHIN + 60)

    async def _place(self) -> None:
        self.reference = f"PAY-{self.name}:{TOTAL}:CNY" if self.paid else f"LATER-{self.name}"
        self.body = order_body(self.name, payment={"reference": self.reference, "method": "wechat"})
        self.order_id = await self._tell_channel()
        self.baton.placed[self.order_id] = self.name
        self.workflow = self.baton.workflow(self.order_id)
        started = "SELECT 1 FROM orders WHERE order_id = :id AND workflow_started_at IS NOT NULL"
        await self._until(lambda: bool(self._rows(started)))

    async def _tell_channel(self, **changes: Any) -> str:
        data = self.body | {"modified_at": f"2026-11-20T{self.version:02}:00:00Z"} | changes
        news = {"type": "order.address_changed" if changes else "order.created", "data": data}
        answer = await push(self.baton.api, "shop", json.dumps(news).encode())
        if changes and answer.status_code == 503:
            # While somebody holds the order its channel is told to try again.
            return ""
        assert answer.status_code in (200, 202), answer.text
        return str(answer.json()["order_id"])

    async def _reserved(self) -> None:
        """Wait until it is about to be allocated, or is held."""
        there = "SELECT 1 FROM order_events WHERE order_id = :id AND type IN ('reservation.created', 'order.held')"
        await self._until(lambda: bool(self._rows(there)))

    async def _cancel(self) -> None:
        asked = self._rows("SELECT 1 FROM fulfillment_orders WHERE order_id = :id AND status <> 'canceled'")
        request = {"reason": "changed my mind", "actor": "test"}
        with suppress(WorkflowUpdateFailedError, RPCError):
            stage = WorkflowUpdateStage.ACCEPTED
            handle = await self.workflow.start_update("cancel", request, id=uuid4().hex, wait_for_stage=stage)
            self.cancels.append(handle)
            self.in_time |= not asked and "allocate_stock" in self.doors.shut

    async def _give_back(self, case_id: str, lines: list[dict[str, Any]]) -> None:
        place = {"channel": "shop", "channel_order_id": self.name, "reason": "too big"}
        await self.baton.crm("return.requested", case_id=case_id, lines=lines, **place)
        await self._settle()

    async def _pay(self) -> None:
        payment = {"reference": self.reference, "amount": TOTAL, "currency": "CNY", "status": "captured"}
        await self.baton.simulators.post("/payments/payments", json=payment)
        await self.baton.gateway("payment.captured", payment_reference=self.reference, amount=TOTAL, currency="CNY")

    async def _open_doors(self) -> None:
        if self.doors.open_all():
            await self._move_on()

    async def _move_on(self) -> None:
        with suppress(RPCError):
            await self.baton.fast_forward(self.workflow, PAUSE)

    async def _help(self) -> None:
        """Have staff do what the order asks for."""
        order, post = await self.baton.show(self.order_id), self.baton.api.post
        for hold in order["holds"]:
            if hold["code"] == "CAME_BACK":
                # Sent again it would be refused again.
                await self._cancel()
            else:
                await post(f"/orders/{self.order_id}/holds/{hold['code']}/release", json={"note": "seen to"})
        if any(code in str(order["attention"]).lower() for code in ("lost", "damaged", "silent")):
            for work in order["fulfillment_orders"]:
                # Of one that is not lost there is nothing to decide, and the order says so.
                decision = {"action": "refund", "fulfillment_order_id": work["fulfillment_order_id"]}
                await post(f"/orders/{self.order_id}/parcel", json=decision)
        for case in order["returns"]:
            if case["status"] == "requested":
                await post(f"/returns/{case['return_id']}/approve", json={"note": "fine"})

    async def _end(self) -> None:
        """Let everything run to its end; a person settles what waits for one."""
        await self._open_doors()
        give_up, looks = time.monotonic() + ENDS_WITHIN, 0
        while not self._over():
            assert time.monotonic() < give_up, await self._account()
            self.clock.advance(2)
            looks += 1
            if looks % 3 == 0:
                if not self.paid:
                    await self._cancel()
                await self._help()
            if looks % 6 == 0:
                await self._move_on()
            await asyncio.sleep(0.2)
        await self.workflow.result()

    def _over(self) -> bool:
        [order] = self._rows("SELECT status FROM orders WHERE order_id = :id")
        cases = self._rows("SELECT status FROM returns WHERE order_id = :id")
        asked = self._rows("SELECT 1 FROM partner_events WHERE subject = :of AND relayed_at IS NULL")
        over = is_final(ORDER, OrderStatus(order.status)) and not asked and len(cases) >= self.cases
        return over and all(is_final(RETURN, ReturnStatus(case.status)) for case in cases)

    async def _judge(self) -> None:
        """Compare the record with what happened at the partners."""
        [order] = self._rows("SELECT status, attention FROM orders WHERE order_id = :id")
        answers = [await _answer(handle) for handle in self.cancels]
        account = await self._account()
        gone = await self._sent()
        assert order.status == "canceled" or "done" not in answers, account
        if self.in_time:
            assert "refused" not in answers, account
        if "done" in answers:
            assert not any(gone.values()), account
        for line_no, units in ORDERED.items():
            paid_back = "SELECT withdrawn FROM order_lines WHERE order_id = :id AND line_no = :line_no"
            [line] = self._rows(paid_back, line_no=line_no)
            assert gone[SKUS[line_no]] + line.withdrawn <= units, account
        assert await self._gateway_agrees(seen=bool(order.attention)), account
        self.baton.verify()

    async def _sent(self) -> Counter[str]:
        """Return the units by SKU that carriers took and did not bring back, by their own reports."""
        gone = Counter[str]()
        for row in self._rows("SELECT shipment_id FROM bookings WHERE starts_with(shipment_id, :id)"):
            answer = await self.baton.simulators.get(f"/tms/shipments/{row.shipment_id}")
            if answer.status_code == 200 and answer.json()["status"] in GONE:
                lines = answer.json()["request"]["lines"]
                # One that is lost is with nobody: it may be paid back.
                if answer.json()["status"] != "exception":
                    gone.update({line["sku"]: line["quantity"] for line in lines})
        return gone

    async def _gateway_agrees(self, *, seen: bool) -> bool:
        """Refunds match the books and never exceed captures; captures are booked, or a person was alerted."""
        of_order = {"payment_reference": self.reference}
        answer = await self.baton.simulators.get("/payments/refunds", params=of_order)
        refunds = [one for one in answer.json()["refunds"] if one["status"] != "failed"]
        back = sum(round(float(one["amount"]) * 100) for one in refunds)
        booked = "SELECT coalesce(sum(amount_minor), 0) AS minor FROM money_movements WHERE order_id = :id"
        [row] = self._rows(f"{booked} AND kind = 'refunded'")
        [came] = self._rows(f"{booked} AND kind = 'captured'")
        return back == row.minor <= came.minor and (not self.paid or seen or bool(came.minor))

    async def _account(self) -> str:
        order = await self.baton.show(self.order_id)
        parts = ("status", "attention", "holds", "fulfillment_orders", "shipments", "returns", "payments")
        answers = [(handle.id, await _answer(handle)) for handle in self.cancels]
        events = [one["type"] for one in await self.baton.events(self.order_id)]
        return json.dumps([self.name, answers, {part: order[part] for part in parts}, events], default=str, indent=1)

    async def _settle(self) -> None:
        """Let begun work settle, but not for long: much goes wrong in between."""
        seen, give_up = -1, time.monotonic() + 1.0
        while time.monotonic() < give_up:
            [row] = self._rows("SELECT count(*) AS events FROM order_events WHERE order_id = :id")
            if row.events == seen:
                return
            seen = row.events
            await asyncio.sleep(0.15)

    async def _until(self, holds: Any) -> None:
        give_up = time.monotonic() + ENDS_WITHIN
        while not holds():
            assert time.monotonic() < give_up, "it did not begin"
            await asyncio.sleep(0.05)

    def _rows(self, sql: str, **values: Any) -> Any:
        return self.baton.rows(sql, **({"id": self.order_id, "of": f"shop/{self.name}"} | values))


async def _answer(handle: WorkflowUpdateHandle[Any]) -> str:
    try:
        return str((await asyncio.wait_for(handle.result(), 5))["answer"])
    except TimeoutError:
        return "not answered"
    except WorkflowUpdateFailedError:
        return "ended before"


@pytest.fixture
async def story(silent: Baton, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[type[Story]]:
    doors, clock = Doors(), Clock()
    monkeypatch.setattr(World, "steps", lambda world, number=1: clock.steps(number))
    for name in STEPS:
        monkeypatch.setitem(silent.instead, name, doors.before(silent.steps[name]))
    open_account(silent.sessions, "shop")
    Story.baton, Story.doors, Story.clock = silent, doors, clock
    Story.loop = asyncio.get_running_loop()
    yield Story
    doors.open_all()


async def test_goods_and_money_are_conserved_and_every_order_ends(story: type[Story]) -> None:
    await asyncio.to_thread(run_state_machine_as_test, story, settings=STORIES)  # type: ignore[no-untyped-call]
