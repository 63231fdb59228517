"""Filters of lists by what staff did with an order or a case: notes, mentions, and who has taken it."""

from typing import Annotated

from fastapi import Query
from sqlalchemy import ColumnElement, exists, select

from api.inputs import Filter
from models.notes import NoteRow
from models.order import OrderRow
from models.returns import CASE_TAGGED, ReturnRow

AssigneeQuery = Annotated[Filter, Query(description="The name of the key that has taken it")]
MentionsQuery = Annotated[Filter, Query(description="The name of a key, or role:finance, in one of its notes")]
NotesQuery = Annotated[bool | None, Query(description="Whether it has notes")]


def order_conditions(assignee: str | None, mentions: str | None, has_notes: bool | None) -> list[ColumnElement[bool]]:
    """Match orders; notes about their cases count as theirs."""
    conditions = [] if assignee is None else [OrderRow.assignee == assignee]
    if mentions is not None:
        mentioned = select(NoteRow.order_id).where(NoteRow.mentions.contains([mentions]))
        conditions.append(OrderRow.order_id.in_(mentioned))
    if has_notes is not None:
        noted = exists().where(NoteRow.order_id == OrderRow.order_id)
        conditions.append(noted if has_notes else ~noted)
    return conditions


def case_conditions(
    tag: str | None, assignee: str | None, mentions: str | None, has_notes: bool | None
) -> list[ColumnElement[bool]]:
    """Match return cases."""
    conditions = [] if assignee is None else [ReturnRow.assignee == assignee]
    if tag is not None:
        conditions += [ReturnRow.tags.contains([tag]), CASE_TAGGED]  # type: ignore[list-item]
    if mentions is not None:
        mentioned = select(NoteRow.return_id).where(NoteRow.mentions.contains([mentions]))
        conditions.append(ReturnRow.return_id.in_(mentioned))
    if has_notes is not None:
        noted = exists().where(NoteRow.return_id == ReturnRow.return_id)
        conditions.append(noted if has_notes else ~noted)
    return conditions
