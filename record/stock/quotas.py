"""Quotas of limited goods: the most units that a channel may claim, held by one row per quota.

A claim locks its quotas before stock and in the order of their ids, so that claims never deadlock.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ARRAY, BigInteger, ColumnElement, Text, any_, bindparam, func, select
from sqlalchemy.orm import Session

from models.base import table
from models.goods import ChannelQuotaRow, QuotaClaimRow
from models.prepared import prepared
from record.stock import demand

IN_FORCE = (ChannelQuotaRow.valid_from <= func.now()) & (
    ChannelQuotaRow.valid_to.is_(None) | (ChannelQuotaRow.valid_to > func.now())
)

# Built once: building a statement costs more than sending it, and every claim asks this.
_QUOTAS, _CLAIMS = table(ChannelQuotaRow), table(QuotaClaimRow)
_IDS, _ORDERS = bindparam("quotas", type_=ARRAY(BigInteger)), bindparam("orders", type_=ARRAY(Text))
_UNITS = bindparam("units", type_=ARRAY(BigInteger))
_COLUMNS = select(
    _QUOTAS.c.quota_id, _QUOTAS.c.channel, _QUOTAS.c.sku, (_QUOTAS.c.quantity - _QUOTAS.c.claimed).label("left")
)
_LOCKED = prepared(
    _COLUMNS.where(IN_FORCE, _QUOTAS.c.channel == any_(bindparam("channels", type_=ARRAY(Text))))
    .where(_QUOTAS.c.sku == any_(bindparam("skus", type_=ARRAY(Text))))
    .order_by(_QUOTAS.c.quota_id)
    .with_for_update()
)
_MINE = prepared(select(_CLAIMS.c.quota_id).where(_CLAIMS.c.order_id == bindparam("order_id", type_=Text)))
_MINE_LOCKED = prepared(_COLUMNS.where(_QUOTAS.c.quota_id.in_(_MINE)).order_by(_QUOTAS.c.quota_id).with_for_update())
_HELD = prepared(
    select(_CLAIMS.c.quota_id, _CLAIMS.c.order_id, _CLAIMS.c.units).where(
        _CLAIMS.c.quota_id == any_(_IDS), _CLAIMS.c.order_id == any_(_ORDERS)
    )
)
_COUNT = prepared("""
    UPDATE channel_quotas AS quota SET claimed = quota.claimed + more.units
    FROM unnest(:quotas, :units) AS more (quota_id, units) WHERE quota.quota_id = more.quota_id
""").bindparams(_IDS, _UNITS)
_KEEP = prepared("""
    INSERT INTO quota_claims (quota_id, order_id, units) SELECT * FROM unnest(:quotas, :orders, :units)
    ON CONFLICT (quota_id, order_id) DO UPDATE SET units = excluded.units
""").bindparams(_IDS, _ORDERS, _UNITS)
_FREE = prepared("""
    DELETE FROM quota_claims AS claim USING unnest(:quotas, :orders) AS freed (quota_id, order_id)
    WHERE (claim.quota_id, claim.order_id) = (freed.quota_id, freed.order_id)
""").bindparams(_IDS, _ORDERS)


_Row = tuple[int, str, str, int]
"""A quota: its id, channel, SKU and the units not claimed yet."""
_Key = tuple[int, str]
"""A quota and an order."""


@dataclass(slots=True)
class _Quota:
    quota_id: int
    left: int


class LockedQuotas:
    """Locked quotas, and the units of them that orders hold. Units taken for one order are gone for the next."""

    def __init__(self, session: Session, rows: Iterable[_Row], orders: Iterable[str]) -> None:
        self._session = session
        self._quotas: dict[tuple[str, str], list[_Quota]] = {}
        for quota_id, channel, sku, left in rows:
            self._quotas.setdefault((channel, sku), []).append(_Quota(quota_id, left))
        self._held = Counter[_Key]()
        if ids := [one.quota_id for quotas in self._quotas.values() for one in quotas]:
            held = session.execute(_HELD, {"quotas": ids, "orders": list(orders)})
            self._held.update({(row.quota_id, row.order_id): row.units for row in held})
        self._before = Counter(self._held)

    def beyond(self, channel: str, order_id: str, units: Mapping[str, int]) -> dict[str, int]:
        """Return by how many units by SKU the order exceeds the quotas. `units` are all of its units, also those under
        way."""
        over = {
            sku: wanted - min(one.left + self._held[one.quota_id, order_id] for one in quotas)
            for sku, wanted in units.items()
            if (quotas := self._quotas.get((channel, sku)))
        }
        return {sku: units for sku, units in over.items() if units > 0}

    def hold(self, channel: str, order_id: str, units: Mapping[str, int]) -> None:
        """Set the units by SKU that the order holds in all; the caller has checked that they are not beyond."""
        for sku, wanted in units.items():
            for one in self._quotas.get((channel, sku), ()):
                self._set(one, order_id, wanted)

    def reduce_to(self, order_id: str, but: Mapping[str, int]) -> None:
        """Reduce what the order holds to these units by SKU."""
        for (_, sku), quotas in self._quotas.items():
            for one in quotas:
                self._set(one, order_id, min(self._held[one.quota_id, order_id], but.get(sku, 0)))

    def write(self) -> None:
        """Write the changes, in the caller's transaction."""
        now = {key: units for key, units in self._held.items() if units != self._before[key]}
        if not now:
            return
        increases = Counter[int]()
        for (quota_id, order_id), units in now.items():
            increases[quota_id] += units - self._before[quota_id, order_id]
        self._session.execute(_COUNT, {"quotas": list(increases), "units": list(increases.values())})
        if kept := {key: units for key, units in now.items() if units}:
            self._session.execute(_KEEP, _columns(kept) | {"units": list(kept.values())})
        if freed := [key for key, units in now.items() if not units]:
            self._session.execute(_FREE, _columns(freed))
        self._before = Counter(self._held)

    def _set(self, quota: _Quota, order_id: str, units: int) -> None:
        quota.left -= units - self._held[quota.quota_id, order_id]
        self._held[quota.quota_id, order_id] = units


def lock_quotas(session: Session, channels: Iterable[str], skus: Iterable[str], orders: Iterable[str]) -> LockedQuotas:
    """Lock the quotas in force of these channels for these SKUs until the transaction ends."""
    wanted = {"channels": sorted(set(channels)), "skus": list(skus)}
    return LockedQuotas(session, session.execute(_LOCKED, wanted), orders)


def give_back(session: Session, order_id: str) -> None:
    """Free what the order holds of quotas beyond the units under way; do nothing when it has no claims."""
    mine = session.execute(_MINE_LOCKED, {"order_id": order_id}).all()
    if not mine:
        return
    quotas = LockedQuotas(session, mine, [order_id])
    quotas.reduce_to(order_id, demand.covered_units(session, order_id))
    quotas.write()


def quota_left(session: Session, channel: str, skus: Iterable[str]) -> dict[str, int]:
    """Return units that the channel may still claim, by SKU; SKUs without a quota in force are absent."""
    left = func.min(ChannelQuotaRow.quantity - ChannelQuotaRow.claimed)
    mine: list[ColumnElement[bool]] = [ChannelQuotaRow.channel == channel, ChannelQuotaRow.sku.in_(list(skus))]
    rows = session.execute(select(ChannelQuotaRow.sku, left).where(*mine, IN_FORCE).group_by(ChannelQuotaRow.sku))
    return {sku: int(units) for sku, units in rows}


def _columns(keys: Iterable[_Key]) -> dict[str, Sequence[int | str]]:
    pairs = list(keys)
    return {"quotas": [quota_id for quota_id, _ in pairs], "orders": [order_id for _, order_id in pairs]}
