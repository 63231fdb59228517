"""The terms of the sample shop are set once, and what somebody set stays."""

from sqlalchemy import func, select

from commands.seed_terms import CREDIT, SINCE, TERMS, set_sample_terms
from domain.parameters import read_value
from models.credit import CreditAccountRow
from models.database import Sessions
from models.goods import BufferRow
from models.parameters import ParameterRow

MINE = {"*": {"*": {"kind": "gateway"}}}


def test_the_terms_of_the_sample_shop_replace_nothing(sessions: Sessions) -> None:
    # given payment terms that somebody has set
    with sessions.begin() as session:
        session.add(ParameterRow(name="payment_terms", value=MINE, valid_from=SINCE, source="a contract", set_by="sun"))

    # when those of the sample shop are set, twice
    for _ in range(2):
        with sessions.begin() as session:
            set_sample_terms(session)

    # then the others are there once
    with sessions() as session:
        chosen = ParameterRow.name.in_(TERMS)
        rows = {row.name: row.value for row in session.scalars(select(ParameterRow).where(chosen)).all()}
        assert session.scalar(select(func.count()).select_from(ParameterRow).where(chosen)) == len(TERMS)
        assert rows == dict(TERMS) | {"payment_terms": MINE}
        assert session.scalars(select(CreditAccountRow.customer_id)).all() == list(CREDIT)
        assert session.get_one(BufferRow, "STORES").units == 3


def test_the_terms_of_the_sample_shop_can_be_read() -> None:
    for name, value in TERMS.items():
        read_value(name, value)
