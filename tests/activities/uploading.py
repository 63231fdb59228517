"""A platform that parcels are uploaded to, with our account and an order that both sides know."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
from sqlalchemy import func, select, update

from activities.redeliver import RedeliverAnswer
from commands.channels import save_account
from domain import milestones
from domain.money import Money
from domain.order import OrderLine
from models.fulfillment import FulfillmentLineRow, FulfillmentOrderRow, ShipmentRow
from models.messaging import MessageRow as M
from models.payment import MoneyMovementRow
from record import journal
from tests.activities.story import Steps
from tests.factories import LAMP, PRICE, SHIPPING, TEACUP, an_order, place_orders

CHANNEL = "web-shop"
URLS = {"plain": "/channel", "shopify": "/shopify/admin/api/2025-10", "taobao": "/taobao/router/rest"}
KEYS: dict[str, dict[str, Any]] = {
    "plain": {"token": "simulated-token"},
    "shopify": {"token": "shpat_simulated"},
    "taobao": {"token": "simulated-session", "key": "simulated-app", "secret": "simulated-secret"},
}
LAMPS, CUPS = 1, 2
GOODS = {LAMPS: LAMP, CUPS: TEACUP}
_numbers = count(7_000_000)


@dataclass
class Uploading:
    name: str
    client: httpx2.Client
    steps: Steps
    number: int = 0
    parcels: int = 0

    def open_account(self, carriers: dict[str, str] | None = None, **upload: Any) -> None:
        url = str(self.client.base_url).rstrip("/") + URLS[self.name]
        settings = {"upload": KEYS[self.name] | {"url": url, "timeout": 5} | upload, "carriers": carriers or {}}
        save_account(self.steps.sessions, CHANNEL, self.name, "a secret of the tests", settings)

    def order(self, paid: bool = True, paid_there: bool = True) -> None:
        """Place an order of two lamps and a cup, two days ago."""
        self.number = next(_numbers)
        placed_at = datetime.now(UTC) - timedelta(days=2)
        nothing = Money(0, PRICE.currency)
        lines = tuple(
            OrderLine(line_no, sku, units, PRICE, nothing, channel_line_id=self.line_id(line_no))
            for line_no, sku, units in ((LAMPS, LAMP, 2), (CUPS, TEACUP, 1))
        )
        order = replace(an_order(channel=CHANNEL, channel_order_id=str(self.number), placed_at=placed_at), lines=lines)
        [self.steps.order_id] = place_orders(self.steps.sessions, [order])
        self._place_there(paid_there)
        if paid:
            self.pay()

    def pay(self) -> None:
        order_id, amount = self.steps.order_id, PRICE * 3 + SHIPPING
        with self.steps.sessions.begin() as session:
            session.add(
                MoneyMovementRow(
                    order_id=order_id,
                    kind="captured",
                    amount_minor=amount.minor_units,
                    currency=amount.currency,
                    gateway_reference="",
                    key=f"{order_id}:captured",
                    at=datetime.now(UTC) - timedelta(days=1),
                )
            )

    def leave(self, lamps: int = 0, cups: int = 0, carrier: str = "SF Express") -> str:
        """Ship a parcel with these goods, an hour after the one before; return its waybill."""
        self.parcels += 1
        name, units = f"{self.steps.order_id}-{self.parcels}", {LAMP: lamps, TEACUP: cups}
        waybill = f"SF-{self.number}-{self.parcels}"
        about = {"order_id": self.steps.order_id, "number": self.parcels, "location_id": "HANGZHOU", "reason": "near"}
        at = datetime.now(UTC) - timedelta(hours=20 - self.parcels)
        with self.steps.sessions.begin() as session:
            session.add(ShipmentRow(shipment_id=f"{name}-S1", carrier=carrier, waybill=waybill, tracking_status=""))
            session.flush()
            sent = {"status": "shipped", "shipment_id": f"{name}-S1", "shipped_at": at}
            session.add(FulfillmentOrderRow(fulfillment_order_id=name, **about, **sent))
            session.flush()
            for sku, quantity in units.items():
                if quantity:
                    line = {"fulfillment_order_id": name, "sku": sku, "quantity": quantity, "allocated": 0}
                    session.add(FulfillmentLineRow(picked=quantity, **line))
            data = {"fulfillment_order_id": name, "shipment_id": f"{name}-S1"}
            journal.announce(session, self.steps.order_id, milestones.SHIPPED, data, subject=str(self.parcels))
        return waybill

    def send_again(self) -> None:
        """Try parked messages again, as a person asks."""
        with self.steps.sessions.begin() as session:
            again = {"parked_at": None, "redelivered_at": func.now()}
            session.execute(update(M).where(M.parked_at.is_not(None)).values(again))

    def tell(self) -> RedeliverAnswer:
        [answer] = self.steps.tell("channel")
        return answer

    def uploaded(self) -> list[tuple[str, dict[int, int]]]:
        """The order's parcels at the platform: waybill, and units by our line number (a whole line counts as 1)."""
        known = self.client.get(f"/{self._where}/shipments").json()["shipments"]
        return [(self._waybill(one), self._units(one)) for one in known if self._number(one) == str(self.number)]

    def trouble(self, **troubles: Any) -> None:
        path = "/channel/shipments/troubles" if self.name == "plain" else f"/{self.name}/troubles"
        assert self.client.post(path, json=troubles).status_code == 200

    def messages(self) -> list[M]:
        with self.steps.sessions() as session:
            rows = select(M).where(M.order_id == self.steps.order_id, M.recipient == "channel")
            return list(session.scalars(rows.order_by(M.sequence)))

    def line_id(self, line_no: int) -> str:
        return str(self.number * 10 + line_no)

    @property
    def _where(self) -> str:
        return "channel" if self.name == "plain" else self.name

    def _place_there(self, paid: bool) -> None:
        if self.name == "shopify":
            lines = [{"id": int(self.line_id(line)), "quantity": units} for line, units in ((LAMPS, 2), (CUPS, 1))]
            order: dict[str, Any] = {"id": self.number, "line_items": lines}
            order |= {"financial_status": "paid" if paid else "pending"}
        elif self.name == "taobao":
            status = "WAIT_SELLER_SEND_GOODS" if paid else "WAIT_BUYER_PAY"
            lines = [{"oid": int(self.line_id(line)), "oid_str": self.line_id(line)} for line in (LAMPS, CUPS)]
            order = {"tid": self.number, "status": status, "orders": {"order": lines}}
        else:
            self.trouble(unpaid=[] if paid else [str(self.number)])
            return
        assert self.client.post(f"/{self.name}/orders", json=order).status_code == 201

    def _number(self, parcel: dict[str, Any]) -> str:
        return str(parcel.get("order_id") or parcel.get("tid") or parcel.get("channel_order_id"))

    def _waybill(self, parcel: dict[str, Any]) -> str:
        return str(parcel.get("tracking_number") or parcel["waybill"])

    def _units(self, parcel: dict[str, Any]) -> dict[int, int]:
        lines = {self.line_id(line): line for line in GOODS}
        if self.name == "taobao":
            return {lines[name]: 1 for name in parcel["sub_tids"]}
        if self.name == "shopify":
            return {lines[str(line["id"])]: line["quantity"] for line in parcel["line_items"]}
        return {lines[line["channel_line_id"]]: line["quantity"] for line in parcel["lines"]}
