"""Reports on differences between partners' books and our record."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import ColumnElement, case, func, select

from api.dependencies import OperationsReader, WithServices
from api.errors import FORBIDDEN
from api.inputs import Cursor, Limit, after_number, cut
from api.openapi import responses
from api.partners import difference_examples as examples
from api.schemas import Answer, Page
from domain.statement_books import Lister
from domain.statements import AGES, Age, Kind
from models.statements import PartnerDifferenceRow

router = APIRouter(tags=["reports"])

Row = PartnerDifferenceRow


class PartnerDifference(Answer):
    """`subject` is the id in the `book`: a message, shipment, refund, `location/sku` or customer. `ours` and `theirs`
    are what each side says.

    `mends` counts automatic repairs: a message sent again, tracking taken over from a carrier, or a person called to an
    order whose money differs. `gone_at` is null while the difference exists.
    """

    difference_id: int
    partner: str
    book: str
    kind: Kind
    subject: str
    ours: str
    theirs: str
    first_seen_at: datetime
    last_seen_at: datetime
    mends: int
    mended_at: datetime | None
    gone_at: datetime | None


class DifferenceCount(Answer):
    """Open differences by age since they were first found: `day` is up to a day, `week` up to a week."""

    partner: str
    book: str
    kind: Kind
    day: int
    week: int
    older: int


class DifferenceCounts(Answer):
    items: list[DifferenceCount]


@router.get(
    "/reports/differences",
    summary="Where a partner's books differ from ours",
    responses=responses({200: ("One page, oldest first", examples.DIFFERENCES)}, FORBIDDEN),
)
def list_partner_differences(
    caller: OperationsReader,
    services: WithServices,
    partner: Lister | None = None,
    kind: Kind | None = None,
    age: Annotated[Age | None, Query(description="Found for up to a day, up to a week, or longer")] = None,
    open_only: Annotated[bool, Query(description="Only those that are still there")] = True,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[PartnerDifference]:
    """Each partner that provides statements is compared every night. Keys of one channel may not see this."""
    wanted = select(Row).order_by(Row.difference_id).limit(limit + 1)
    if partner is not None:
        wanted = wanted.where(Row.partner == partner)
    if kind is not None:
        wanted = wanted.where(Row.kind == kind)
    if age is not None:
        wanted = wanted.where(_is_of(age))
    if open_only:
        wanted = wanted.where(Row.gone_at.is_(None))
    if (last := after_number(cursor)) is not None:
        wanted = wanted.where(Row.difference_id > last)
    with services.sessions() as session:
        rows, following = cut(session.scalars(wanted).all(), limit, lambda row: row.difference_id)
    return Page(items=[PartnerDifference.model_validate(row) for row in rows], next_cursor=following)


@router.get(
    "/reports/differences/counts",
    summary="How many differences there are, by partner, kind and age",
    responses=responses({200: ("All that are open", examples.DIFFERENCE_COUNTS)}, FORBIDDEN),
)
def count_partner_differences(caller: OperationsReader, services: WithServices) -> DifferenceCounts:
    """Differences that were repaired automatically count until the partner's books agree."""
    of = (Row.partner, Row.book, Row.kind)
    counts = [func.count(case((_is_of(age), 1))).label(age) for age in Age]
    wanted = select(*of, *counts).where(Row.gone_at.is_(None)).group_by(*of).order_by(*of)
    with services.sessions() as session:
        rows = session.execute(wanted).all()
    return DifferenceCounts(items=[DifferenceCount.model_validate(row) for row in rows])


def _is_of(age: Age) -> ColumnElement[bool]:
    begin, end = AGES[age]
    youngest = Row.first_seen_at <= func.now() - begin
    return youngest if end is None else youngest & (Row.first_seen_at > func.now() - end)
