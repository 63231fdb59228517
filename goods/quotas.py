"""Quotas of limited goods: no channel claims more of them than it may, held by one conditional row a quota.

A claim locks its quotas before it locks stock, in the order of their ids, so that two claims never wait for each other.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from goods import demand
from models.goods import ChannelQuotaRow, QuotaClaimRow
from models.order import OrderRow

IN_FORCE = (ChannelQuotaRow.valid_from <= func.now()) & (
    ChannelQuotaRow.valid_to.is_(None) | (ChannelQuotaRow.valid_to > func.now())
)

# Every claim asks this, so it is built once: building a statement costs more than sending it.
_CHANNEL = select(OrderRow.channel).where(OrderRow.order_id == bindparam("order_id", type_=Text)).scalar_subquery()
_MINE = (
    select(ChannelQuotaRow)
    .where(ChannelQuotaRow.channel == _CHANNEL, IN_FORCE)
    .where(ChannelQuotaRow.sku == any_(bindparam("skus", type_=ARRAY(Text))))
    .order_by(ChannelQuotaRow.quota_id)
    .with_for_update()
)


def quota_left(session: Session, channel: str, skus: Iterable[str]) -> dict[str, int]:
    """Units that the channel may still claim, by SKU; a SKU without a quota in force is not in the answer."""
    left = func.min(ChannelQuotaRow.quantity - ChannelQuotaRow.claimed)
    mine: list[ColumnElement[bool]] = [ChannelQuotaRow.channel == channel, ChannelQuotaRow.sku.in_(list(skus))]
    rows = session.execute(select(ChannelQuotaRow.sku, left).where(*mine, IN_FORCE).group_by(ChannelQuotaRow.sku))
    return {sku: int(units) for sku, units in rows}


def take(session: Session, order_id: str, units: Mapping[str, int]) -> dict[str, int]:
    """Claim the quotas for what the order is about to claim of the stock (units by SKU), in the same transaction.

    Answers what is beyond them, by SKU; then nothing was taken. What the order has under way counts too.
    """
    rows = _lock(session, order_id, units)
    if not rows:
        return {}
    under_way = demand.cared_for(session, order_id)
    taken = _taken(session, order_id)
    short: dict[str, int] = {}
    for row in rows:
        wanted = units[row.sku] + under_way.get(row.sku, 0)
        beyond = wanted - (row.quantity - row.claimed + taken.get(row.quota_id, 0))
        if beyond > 0:
            short[row.sku] = max(short.get(row.sku, 0), beyond)
    if not short:
        for row in rows:
            _set(
                session, row.quota_id, order_id, taken.get(row.quota_id, 0), units[row.sku] + under_way.get(row.sku, 0)
            )
    return short


def give_back(session: Session, order_id: str) -> None:
    """Free the quotas of what the order has not under way; nothing when it has no claims."""
    if not _taken(session, order_id):
        return
    under_way = demand.cared_for(session, order_id)
    claims = select(ChannelQuotaRow).join(QuotaClaimRow).where(QuotaClaimRow.order_id == order_id)
    rows = session.scalars(claims.order_by(ChannelQuotaRow.quota_id).with_for_update(of=ChannelQuotaRow)).all()
    taken = _taken(session, order_id)
    for row in rows:
        units = taken.get(row.quota_id, 0)
        _set(session, row.quota_id, order_id, units, min(units, under_way.get(row.sku, 0)))


def _lock(session: Session, order_id: str, units: Mapping[str, int]) -> list[ChannelQuotaRow]:
    mine = {"order_id": order_id, "skus": list(units)}
    return list(session.scalars(_MINE, mine, execution_options={"populate_existing": True}))


def _taken(session: Session, order_id: str) -> dict[int, int]:
    rows = select(QuotaClaimRow.quota_id, QuotaClaimRow.units).where(QuotaClaimRow.order_id == order_id)
    return {row.quota_id: row.units for row in session.execute(rows)}


def _set(session: Session, quota_id: int, order_id: str, before: int, units: int) -> None:
    if units == before:
        return
    claimed = ChannelQuotaRow.claimed + (units - before)
    session.execute(update(ChannelQuotaRow).where(ChannelQuotaRow.quota_id == quota_id).values(claimed=claimed))
    if units:
        claim = insert(QuotaClaimRow).values(quota_id=quota_id, order_id=order_id, units=units)
        session.execute(claim.on_conflict_do_update(index_elements=["quota_id", "order_id"], set_={"units": units}))
    else:
        mine = QuotaClaimRow.quota_id == quota_id, QuotaClaimRow.order_id == order_id
        session.execute(delete(QuotaClaimRow).where(*mine))
