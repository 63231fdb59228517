"""Filters of lists by what staff did with an order or a case: notes, mentions, and who has taken it."""

from typing import Annotated, Any

from fastapi import Query
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from api.inputs import Filter
from models.notes import NoteRow
from models.order import OrderRow
from models.returns import CASE_TAGGED, ReturnRow

AssigneeQuery = Annotated[Filter, Query(description="The name of the key that has taken it")]
MentionsQuery = Annotated[Filter, Query(description="The name of a key, or role:finance, in one of its notes")]
Column = InstrumentedAttribute[Any]
NotesQuery = Annotated[bool | None, Query(description="Whether it has notes")]


def order_conditions(assignee: str | None, mentions: str | None, has_notes: bool | None) -> list[ColumnElement[bool]]:
    """Match orders; notes about their cases count as theirs."""
    return _conditions((OrderRow.order_id, OrderRow.assignee, NoteRow.order_id), assignee, mentions, has_notes)


def case_conditions(
    tag: str | None, assignee: str | None, mentions: str | None, has_notes: bool | None
) -> list[ColumnElement[bool]]:
    """Match return cases."""
    columns = ReturnRow.return_id, ReturnRow.assignee, NoteRow.return_id
    tagged: list[ColumnElement[bool]] = [] if tag is None else [ReturnRow.tags.contains([tag]), CASE_TAGGED]
    return [*tagged, *_conditions(columns, assignee, mentions, has_notes)]


def _conditions(
    columns: tuple[Column, Column, Column], assignee: str | None, mentions: str | None, has_notes: bool | None
) -> list[ColumnElement[bool]]:
    """`columns` are the id of what is listed, who has taken it, and the id of what a note is about."""
    its_id, taken_by, noted_id = columns
    conditions: list[ColumnElement[bool]] = [] if assignee is None else [taken_by == assignee]
    if mentions is not None:
        conditions.append(its_id.in_(select(noted_id).where(NoteRow.mentions.contains([mentions]))))
    if has_notes is not None:
        noted = exists().where(noted_id == its_id)
        conditions.append(noted if has_notes else ~noted)
    return conditions
