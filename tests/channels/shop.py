"""Our shop at a simulated platform: what its customers do there, and what the record then has heard."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import httpx2
from sqlalchemy import select

from activities.pull import Pull, PullRequest
from activities.reconcile import Reconcile
from commands.channels import save_account
from domain.money import Money
from domain.stock.views import StockUpdate
from integrations.abilities.ability import Matter
from integrations.abilities.table import CLIENTS
from integrations.circuit import Circuits
from integrations.payments import GatewayRefund
from integrations.pushes.pusher import PushResult
from integrations.pushes.registry import connect_pusher
from integrations.refunds.refunder import ChannelRefund
from integrations.refunds.registry import connect_refunder
from integrations.uploads.registry import connect_uploader
from integrations.uploads.uploader import ParcelUpload
from models.channel import IntakeRow
from models.database import Sessions
from models.messaging import PartnerEventRow
from models.order import OrderLineRow, OrderRow, ParcelElsewhereRow
from record.channels.accounts import Account, find_account
from record.channels.intake_writer import ChannelWriter
from record.channels.intakes import Arrival, Intake
from record.channels.reading import read_webhook
from record.orders.writer import OrderWriter
from tests.channels.dialects.all import DIALECTS
from tests.channels.dialects.dialect import Body, Dialect
from tests.factories import LAMP

NOBODY, NEVER = "http://127.0.0.1:9", 600.0
CHANNEL = "our-shop"
REQUEST = PullRequest(CHANNEL)
NUMBERS = count(6_000_001)


@dataclass
class ShopThere:
    """`body` is the order as it is at the platform."""

    name: str
    client: httpx2.Client
    sessions: Sessions
    now: datetime = field(default_factory=lambda: datetime.now(UTC).replace(microsecond=0))
    number: int = field(default_factory=lambda: next(NUMBERS))
    body: Body = field(default_factory=dict)

    @property
    def dialect(self) -> Dialect:
        return DIALECTS[self.name]

    @property
    def account(self) -> Account:
        account = find_account(self.sessions, CHANNEL)
        assert account is not None
        return account

    def open_account(self, *, page_size: int = 50, wrong: bool = False) -> None:
        """Give the account our keys, or a `wrong` one."""
        base = str(self.client.base_url).rstrip("/")
        keys = {**self.dialect.access, "url": base + self.dialect.path}
        if wrong:
            keys["secret" if "secret" in keys else "token"] = "another"
            if self.dialect.renewed_by and "refresh_token" not in self.dialect.renewed_by:
                # Its secret is only used to ask for a token.
                keys["token"] = ""
        access = keys | self.dialect.renewed_by if self.dialect.renewed_by else None
        if access and self.dialect.renew_path:
            access["renew_url"] = base + self.dialect.renew_path
        here = {"timeout": 5} | ({} if access else keys)
        pull = here | {"overlap": 0, "skew": 1, "first": 3600, "page_size": page_size}
        calls = {"pull": pull, "push": here | self.dialect.listed, "upload": here, "refund": here}
        directions = {Matter.PULL: "pull", Matter.STOCK: "push", Matter.SHIPMENTS: "upload", Matter.REFUNDS: "refund"}
        settings = {name: calls[name] for matter, name in directions.items() if self.name in CLIENTS[matter]}
        settings |= {"access": access} if access else {}
        save_account(self.sessions, CHANNEL, self.name, "a secret of the tests", settings)

    def place(self, *matters: Matter, seconds_ago: float = 60, skus: list[str] | None = None) -> None:
        """Place or change the order there, said in the platform's words."""
        self.body = self.dialect.order(self.number, self.now - timedelta(seconds=seconds_ago))
        if skus is not None:
            self.body = self.dialect.lines(self.body, skus)
        for matter in matters:
            self.body = self.dialect.words[matter](self.body)
        assert self.client.post(f"/{self.name}/orders", json=self.body).status_code == 201

    def pull(self) -> None:
        self.now += timedelta(seconds=30)
        pulling = Pull(self.sessions, Circuits(), lambda: self.now)
        while pulling.fetch_waiting(REQUEST).more or pulling.pull_page(REQUEST).more:
            pass

    def compare(self) -> None:
        """Run the nightly comparison."""
        comparing = Reconcile(self.sessions, Circuits(), lambda: self.now)
        page = comparing.compare_page(comparing.open_comparison(REQUEST))
        while page.more:
            page = comparing.compare_page(page.following)
        comparing.fetch_missing(REQUEST)

    def hear(self, body: Body, *, asks: bool = False) -> Intake:
        """Receive the push of this state of the order, or that its customer asks for a refund."""
        message = self.dialect.asks if asks else self.dialect.message
        assert message is not None
        headers, raw = message(body)
        reading = read_webhook(self.account, headers, raw)
        receipt = OrderWriter(self.sessions)([reading.new])[0] if reading.new else None
        [intake] = ChannelWriter(self.sessions)([Arrival("webhook", self.name, CHANNEL, raw, {}, reading, receipt)])
        return intake

    def heard(self) -> list[str]:
        """The types of the events about the order, in order of arrival."""
        with self.sessions() as session:
            mine = select(PartnerEventRow.type).where(PartnerEventRow.subject == f"{CHANNEL}/{self.number}")
            return list(session.scalars(mine.order_by(PartnerEventRow.received_at, PartnerEventRow.type)))

    def known(self) -> list[str]:
        """The numbers of all orders that the record has."""
        with self.sessions() as session:
            return sorted(session.scalars(select(OrderRow.channel_order_id)))

    def order(self) -> OrderRow:
        with self.sessions() as session:
            return session.scalars(select(OrderRow).where(OrderRow.channel_order_id == str(self.number))).one()

    def lines(self) -> list[OrderLineRow]:
        with self.sessions() as session:
            return list(session.scalars(select(OrderLineRow).order_by(OrderLineRow.line_no)))

    def parcels(self) -> list[ParcelElsewhereRow]:
        with self.sessions() as session:
            return list(session.scalars(select(ParcelElsewhereRow)))

    def intakes(self) -> list[IntakeRow]:
        with self.sessions() as session:
            return list(session.scalars(select(IntakeRow).order_by(IntakeRow.intake_id)))

    def push(self, units: int) -> PushResult:
        assert self.account.push is not None
        with closing(connect_pusher(self.name, self.account.push)) as pusher:
            return pusher.push([StockUpdate(LAMP, self.dialect.listing, units, version=units)])

    def shown(self) -> dict[str, int]:
        """Stock by listing, as the platform shows it."""
        return dict(self.client.get(f"/{self.name}/stock").json()["quantities"])

    def upload(self, number: int, units: dict[str, int], whole: bool = False) -> None:
        assert self.account.upload is not None
        carrier, waybill = self.dialect.carrier, f"{self.number}{number}"
        parcel = ParcelUpload(
            f"{self.number}:{number}", str(self.number), carrier, waybill, self.now, list(units.items()), whole
        )
        with closing(connect_uploader(self.name, self.account.upload, self.account.shop)) as uploader:
            uploader.upload(parcel)

    def shipped(self) -> list[str]:
        """Waybills of the order's parcels, as the platform has them."""
        known = self.client.get(f"/{self.name}/shipments").json()["shipments"]
        return [str(one.get("tracking_number") or one["waybill"]) for one in known if str(self.number) in str(one)]

    def refund(self, key: str, minor: int, currency: str, *booked: str) -> GatewayRefund:
        assert self.account.refund is not None
        asked = ChannelRefund(key, str(self.number), Money(minor, currency), "goodwill", frozenset(booked))
        with closing(connect_refunder(self.name, self.account.refund)) as refunder:
            return refunder.refund(asked)

    def forget(self) -> None:
        """Have the platform forget the orders of others."""
        assert self.client.delete(f"/{self.name}/orders").status_code == 200

    def end(self, what: str) -> None:
        """End all tokens at the platform, or the permission of our app."""
        assert self.client.post(f"/{self.name}/tokens/end", json={"what": what}).status_code == 200

    def renewed(self) -> int:
        return int(self.client.get(f"/{self.name}/tokens").json()["renewed"])

    def trouble(self, **troubles: Any) -> None:
        assert self.client.post(f"/{self.name}/troubles", json=troubles).status_code == 200
