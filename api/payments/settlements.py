"""Settlement files: taken, added up by kind, and compared with what was sold."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement, exists, func, or_, select, tuple_
from sqlalchemy.orm import Session

from api.access import Right
from api.dependencies import OperationsReader, Services, WithServices, caller_of
from api.errors import FORBIDDEN, NOT_FOUND, REFUSED, TOO_LARGE, Problem, invalid
from api.inputs import Cursor, Filter, Limit, PathId, after_moment, after_number, cut, moment_key
from api.openapi import responses
from api.partners.differences import PartnerDifference
from api.payments import settlement_examples as examples
from api.payments.uploaded_file import receive_file
from api.rights import needs
from api.schemas import Answer, Page
from domain.money import Money
from domain.settlements import NotASettlement, RowKind
from integrations.channels.shaping import CHANNEL
from models.settlements import SettledAmountRow, SettlementRow
from models.statements import PartnerDifferenceRow
from record.comparing.settlement_differences import BOOK, PARTNER
from record.comparing.settlement_files import SettlementFile, TakenOtherwise, take

router = APIRouter(tags=["payments"])
S, D = SettledAmountRow, PartnerDifferenceRow
MAX_PARTS = 100
"""More than any format makes of one row."""
FormatName = Literal["plain", "alipay", "wechat", "amazon", "shopify"]
FILE = {"text/csv": {"schema": {"type": "string"}, "example": examples.FILE}}


class SettlementSummary(Answer):
    """`rows` were taken of the file, of which `broken` cannot be read. `state` is reading, comparing or done: a file
    that was interrupted goes on when it is sent again."""

    settlement_id: str
    format: str
    channel: str
    actor: str
    state: Literal["reading", "comparing", "done"]
    rows: int
    broken: int
    received_at: datetime
    done_at: datetime | None


class SettledTotal(Answer):
    """The sum of one kind; `fee` is the platform's word for it. `payout` is the same money as it is paid out."""

    kind: RowKind
    fee: str
    count: int
    amount: str
    currency: str
    payout: str | None
    payout_currency: str


class SettlementAnswer(SettlementSummary):
    totals: list[SettledTotal]
    differences: int


class SettledAmountAnswer(Answer):
    """One amount of a row, signed from our side. A broken row has a `problem` and no amount; that of another one says
    that its payout is not its amount at its rate."""

    row_no: int
    part: int
    kind: RowKind
    fee: str
    order_id: str | None
    order_name: str
    payment: str
    amount: str | None
    currency: str
    payout: str | None
    payout_currency: str
    rate: str | None
    at: datetime | None
    reference: str
    problem: str


@router.post(
    "/settlements",
    summary="Take a settlement file",
    response_model=SettlementAnswer,
    responses=responses({200: ("It is taken and compared", examples.SETTLEMENT)}, FORBIDDEN, REFUSED, TOO_LARGE),
    openapi_extra={"requestBody": {"required": True, "content": FILE}} | needs(Right.SETTLE),
)
async def take_settlement(
    request: Request,
    services: WithServices,
    format: Annotated[FormatName, Query(description="The form of the file")],
    channel: Annotated[Filter, Query(description="Whose orders it is about; of all channels without it")] = None,
) -> SettlementAnswer:
    """The body is the file, up to 100,000,000 bytes. A file is taken once by its content: the same again goes on where
    it was interrupted, or is answered as the first time. Rows that cannot be read are listed, and the rest is taken."""
    if channel is not None and not CHANNEL.fullmatch(channel):
        raise invalid("channel", "not small letters, digits and dashes")
    with await receive_file(request) as content:
        file = SettlementFile(content, format, channel or "", caller_of(request).name)
        try:
            settlement_id = await to_thread.run_sync(take, services.sessions, file)
        except NotASettlement as error:
            raise invalid("$", str(error)) from None
        except TakenOtherwise as error:
            raise Problem(REFUSED, str(error)) from None
    return await to_thread.run_sync(_show, services, settlement_id)


@router.get(
    "/settlements",
    summary="Settlement files, newest first",
    responses=responses({200: ("One page", examples.SETTLEMENTS)}, FORBIDDEN),
)
def list_settlements(
    caller: OperationsReader,
    services: WithServices,
    channel: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SettlementSummary]:
    newest = SettlementRow.received_at.desc(), SettlementRow.settlement_id
    wanted = select(SettlementRow).order_by(*newest).limit(limit + 1)
    if channel is not None:
        wanted = wanted.where(SettlementRow.channel == channel)
    if (last := after_moment(cursor)) is not None:
        at, name = last
        later = (SettlementRow.received_at == at) & (SettlementRow.settlement_id > name)
        wanted = wanted.where((SettlementRow.received_at < at) | later)
    with services.sessions() as session:
        found = session.scalars(wanted).all()
        rows, following = cut(found, limit, lambda row: moment_key(row.received_at, row.settlement_id))
    return Page(items=[SettlementSummary.model_validate(row) for row in rows], next_cursor=following)


@router.get(
    "/settlements/{settlement_id}",
    summary="A settlement file, added up by kind",
    responses=responses({200: ("With its totals", examples.SETTLEMENT)}, FORBIDDEN, NOT_FOUND),
)
def show_settlement(settlement_id: PathId, caller: OperationsReader, services: WithServices) -> SettlementAnswer:
    """Gross, refunds, fees by kind, reserves and transfers. `differences` counts the open ones of its orders."""
    return _show(services, settlement_id)


@router.get(
    "/settlements/{settlement_id}/rows",
    summary="The amounts of a settlement file",
    responses=responses({200: ("One page, in the order of the file", examples.ROWS)}, FORBIDDEN, NOT_FOUND),
)
def list_settled_amounts(
    settlement_id: PathId,
    caller: OperationsReader,
    services: WithServices,
    kind: RowKind | None = None,
    order_id: Filter = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[SettledAmountAnswer]:
    """`kind=broken` lists the rows that cannot be read."""
    wanted = select(S).where(S.settlement_id == settlement_id).order_by(S.row_no, S.part).limit(limit + 1)
    if kind is not None:
        wanted = wanted.where(S.kind == kind)
    if order_id is not None:
        wanted = wanted.where(S.order_id == order_id)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(tuple_(S.row_no, S.part) > divmod(last, MAX_PARTS))
    with services.sessions() as session:
        _find(session, settlement_id)
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.row_no * MAX_PARTS + row.part)
    return Page(items=[_amount(row) for row in rows], next_cursor=following)


@router.get(
    "/settlements/{settlement_id}/differences",
    summary="What a settlement file does not explain",
    responses=responses({200: ("One page, oldest first", examples.DIFFERENCES)}, FORBIDDEN, NOT_FOUND),
)
def list_settlement_differences(
    settlement_id: PathId,
    caller: OperationsReader,
    services: WithServices,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PartnerDifference]:
    """Open differences of its orders, by all files. Orders that no file has named are in `GET /reports/differences`."""
    wanted = select(D).where(*_of(settlement_id)).order_by(D.difference_id).limit(limit + 1)
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(D.difference_id > last)
    with services.sessions() as session:
        _find(session, settlement_id)
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.difference_id)
    return Page(items=[PartnerDifference.model_validate(row) for row in rows], next_cursor=following)


def _show(services: Services, settlement_id: str) -> SettlementAnswer:
    of = (S.kind, S.fee, S.currency, S.payout_currency)
    sums = func.count(), func.sum(S.amount_minor), func.sum(S.payout_minor)
    totals = select(*of, *sums).where(S.settlement_id == settlement_id, S.kind != RowKind.BROKEN).group_by(*of)
    with services.sessions() as session:
        row = _find(session, settlement_id)
        found = session.execute(totals.order_by(*of)).all()
        differences = session.scalar(select(func.count()).select_from(D).where(*_of(settlement_id))) or 0
    return SettlementAnswer.model_validate(
        vars(row) | {"totals": [_total(*one) for one in found], "differences": differences}
    )


def _find(session: Session, settlement_id: str) -> SettlementRow:
    row = session.get(SettlementRow, settlement_id)
    if row is None:
        raise Problem(NOT_FOUND, "there is no such settlement")
    return row


def _of(settlement_id: str) -> Sequence[ColumnElement[bool]]:
    """The open differences of the orders that a settlement names, and of what it transfers."""
    named = func.coalesce(func.nullif(S.order_name, ""), func.nullif(S.payment, ""), func.concat("row ", S.row_no))
    here = exists().where(S.settlement_id == settlement_id)
    # Each by itself, so that its rows are read once and not once for each difference.
    known = here.where(S.order_id == func.split_part(D.subject, "/", 1))
    unknown = here.where(S.order_id.is_(None), D.subject == func.concat("unknown/", named))
    mine = or_(known, D.subject.startswith("unknown/") & unknown, D.subject == f"transfer/{settlement_id}")
    return D.partner == PARTNER, D.book == BOOK, D.gone_at.is_(None), mine


def _total(
    kind: str, fee: str, currency: str, payout_currency: str, count: int, minor: int, payout: int | None
) -> SettledTotal:
    paid_out = Money(int(payout), payout_currency).text if payout is not None and payout_currency else None
    amount = Money(int(minor), currency).text
    return SettledTotal(
        kind=RowKind(kind),
        fee=fee,
        count=count,
        amount=amount,
        currency=currency,
        payout=paid_out,
        payout_currency=payout_currency,
    )


def _amount(row: SettledAmountRow) -> SettledAmountAnswer:
    payout = None if row.payout_minor is None else Money(row.payout_minor, row.payout_currency).text
    amount = Money(row.amount_minor, row.currency).text if row.currency else None
    rate = None if row.rate is None else f"{row.rate:f}"
    return SettledAmountAnswer.model_validate(vars(row) | {"amount": amount, "payout": payout, "rate": rate})
