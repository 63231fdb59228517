"""The promises of a process: answered from its read model, kept with or without stock, renewed and given up."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from domain.ids import new_promise_id
from domain.promising import KeptKind, may_hold, region_token, renewed, units_of
from domain.stock.movements import Movement
from models.database import Sessions, autocommit, reading
from models.locks import NamedLock, lock_named
from models.promises import PromiseClaimRow, PromiseRow
from record.promises.asking import Asked, Offer, offer
from record.promises.claims import Holding, give_back, holding_of
from record.promises.goods import read_goods
from record.promises.regions import RegionSpots
from record.promises.stores import STORE
from record.recordset import insert_recordset
from record.sourcing import shelves
from record.sourcing.outlooks import OutlookCache
from record.stock import ledger, quotas
from record.stock.ledger import Posting

RESERVED = "promised"
_COLUMNS = (
    *("promise_id", "channel", "holder", "region", "pickup_location", "units", "assignments", "answer"),
    *("ship_by", "deliver_by", "made_at", "expires_at", "held_until"),
)
_PROMISE = insert_recordset(PromiseRow, ", ".join(_COLUMNS))
_CLAIMS = insert_recordset(PromiseClaimRow, "promise_id, sku, location_id, quantity")
_HOLD = ledger.posting(promises=_PROMISE, claims=_CLAIMS)


class LimitReached(Exception):
    """The holder's promises would be more than it may have. The text says which limit."""


class NotOpen(Exception):
    """The promise has expired, or an order has taken it. The text says which."""


@dataclass(frozen=True, slots=True)
class CartAllowance:
    """Of one holder: `share` is the percentage of a SKU that its carts may hold, `longest` how long a cart holds stock
    at most, however often it is renewed."""

    carts: int
    units: int
    share: int
    kept: int
    longest: timedelta


@dataclass(frozen=True, slots=True)
class Wish:
    """What to keep, for whom and how long."""

    held: KeptKind
    holder: str
    lifetime: timedelta


Fields = Callable[[Offer], Mapping[str, Any]]


class PromiseBook:
    """`outlooks` should be at most a second old (record/promises/read_model.py)."""

    def __init__(self, sessions: Sessions, outlooks: OutlookCache, limits: CartAllowance) -> None:
        self._sessions, self._outlooks, self._limits = sessions, outlooks, limits
        self._regions = RegionSpots()

    def answer(self, asked: Asked) -> Offer:
        """Answer and keep nothing."""
        with reading(self._sessions) as session:
            goods = read_goods(session, asked.channel, {sku for sku, _ in asked.lines})
            stock = shelves.read(session, sorted(goods.stocked), self._outlooks)
            return offer(asked, goods, stock, self._regions.spot(session, asked))

    def store_region(self, location_id: str) -> tuple[str, str] | None:
        """Return the country and province of a store; None if there is no such store."""
        with autocommit(self._sessions) as session:
            place = self._outlooks.context(session).places.get(location_id)
        return (place.country, place.province) if place and place.kind == STORE else None

    def give(self, asked: Asked, wish: Wish, fields: Fields) -> tuple[Offer, PromiseRow | None]:
        """Answer and keep that as a promise, unless something is short: then nothing is kept. `fields` make the answer
        that is stored. Raises LimitReached.
        """
        with self._sessions.begin() as session:
            self._outlooks.context(session)
            lock_named(session, NamedLock.PROMISE_HOLDER, wish.holder)
            made = self._decide(session, asked, wish.held)
            if not made.complete:
                return made, None
            holding = self._check(session, wish, made)
            if wish.held is KeptKind.STOCK:
                self._check_units(holding, made)
            row = _row(session, asked, wish, made)
            row.answer = dict(fields(made))
            _write(session, row, wish.held)
        return made, row

    def find(self, promise_id: str, holder: str | None) -> PromiseRow | None:
        """Return the promise if this is its holder; None stands for somebody who sees all."""
        with autocommit(self._sessions) as session:
            return session.scalar(_mine(promise_id, holder))

    def renew(self, promise_id: str, holder: str | None, lifetime: timedelta) -> PromiseRow | None:
        """Let the promise expire `lifetime` from now, but never earlier than before. Raises NotOpen."""
        with self._sessions.begin() as session:
            row = session.scalar(_mine(promise_id, holder).with_for_update())
            if row is None:
                return None
            now = _now(session)
            _check_open(row, now)
            until = now + lifetime
            if row.held_until is None:
                row.expires_at = max(row.expires_at, until)
            else:
                row.expires_at = renewed(row.expires_at, row.made_at, until, self._limits.longest)
                row.held_until = row.expires_at
        return row

    def give_up(self, promise_id: str, holder: str | None) -> bool:
        """Release its stock and let it expire now; False if there is none. Raises NotOpen if an order took it."""
        with self._sessions.begin() as session:
            row = session.scalar(_mine(promise_id, holder).with_for_update())
            if row is None:
                return False
            if row.order_id is not None:
                raise NotOpen("an order took it: cancel the order")
            row.expires_at = min(row.expires_at, _now(session))
            session.flush()
            give_back(session, [promise_id])
        return True

    def _decide(self, session: Session, asked: Asked, held: KeptKind) -> Offer:
        """Decide on locked stock if some is to be held; quotas are locked before."""
        skus = {sku for sku, _ in asked.lines}
        goods = read_goods(session, asked.channel, skus)
        spot = self._regions.spot(session, asked)
        if held is not KeptKind.STOCK:
            return offer(asked, goods, shelves.read(session, sorted(goods.stocked), self._outlooks), spot)
        if goods.quotas:
            quotas.lock_quotas(session, [asked.channel], sorted(goods.stocked), [])
            goods = read_goods(session, asked.channel, skus)
        return offer(asked, goods, shelves.lock(session, sorted(goods.stocked), self._outlooks), spot)

    def _check(self, session: Session, wish: Wish, made: Offer) -> Holding:
        limits = self._limits
        kept = select(PromiseRow.promise_id).where(PromiseRow.holder == wish.holder, PromiseRow.order_id.is_(None))
        kept = kept.where(PromiseRow.expires_at > func.now()).limit(limits.kept)
        if len(session.scalars(kept).all()) >= limits.kept:
            raise LimitReached(f"{limits.kept} promises are open; give some up or let them expire")
        if wish.held is not KeptKind.STOCK:
            return Holding()
        holding = holding_of(session, wish.holder)
        if holding.carts >= limits.carts:
            raise LimitReached(f"{limits.carts} carts hold stock; give some up or let them expire")
        if holding.in_all + sum(sum(one.units.values()) for one in made.parcels) > limits.units:
            raise LimitReached(f"carts may hold {limits.units} units in all, and hold {holding.in_all}")
        return holding

    def _check_units(self, holding: Holding, made: Offer) -> None:
        for sku in sorted({sku for one in made.parcels for sku in one.units}):
            wanted = sum(one.units.get(sku, 0) for one in made.parcels)
            held = holding.units.get(sku, 0)
            most = may_hold(self._limits.share, made.free[sku], held)
            if held + wanted > most:
                raise LimitReached(f"carts may hold {most} units of {sku} now, and hold {held}")


def _mine(promise_id: str, holder: str | None) -> Select[PromiseRow]:
    found = select(PromiseRow).where(PromiseRow.promise_id == promise_id)
    return found if holder is None else found.where(PromiseRow.holder == holder)


def _now(session: Session) -> datetime:
    """The clock of the database, by which promises expire."""
    return session.scalars(select(func.now())).one()


def _check_open(row: PromiseRow, now: datetime) -> None:
    if row.order_id is not None:
        raise NotOpen("an order took it")
    if row.expires_at <= now:
        raise NotOpen("it has expired: ask for a new one")


def _row(session: Session, asked: Asked, wish: Wish, made: Offer) -> PromiseRow:
    now = _now(session)
    expires = now + wish.lifetime
    return PromiseRow(
        promise_id=new_promise_id(),
        channel=asked.channel,
        holder=wish.holder,
        region=region_token(asked.country, asked.province),
        pickup_location=asked.pickup_location,
        units=units_of(asked.lines),
        assignments=made.assignments,
        ship_by=made.promised.ship_by,
        deliver_by=made.promised.deliver_by,
        made_at=now,
        expires_at=expires,
        held_until=expires if wish.held is KeptKind.STOCK else None,
    )


def _write(session: Session, row: PromiseRow, held: KeptKind) -> None:
    promises = json.dumps([{name: getattr(row, name) for name in _COLUMNS}], default=datetime.isoformat)
    if held is not KeptKind.STOCK:
        session.execute(_PROMISE, {"rows": promises})
        return
    movements = [
        Movement("reserved", sku, place, units)
        for place, skus in row.assignments.items()
        for sku, units in skus.items()
    ]
    claims = [
        {"promise_id": row.promise_id, "sku": one.sku, "location_id": one.location_id, "quantity": one.quantity}
        for one in movements
    ]
    postings = [Posting(movement, None, RESERVED) for movement in movements]
    rows = {"promises": promises, "claims": json.dumps(claims)}
    ledger.post_with(session, _HOLD, postings, rows, locked=True)
