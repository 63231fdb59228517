"""Versions of the rules that staff write: save drafts, read them and their log."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import select
from sqlalchemy.orm import Session

from api.access import Caller
from api.dependencies import RuleReader, RuleWriter, Services, WithServices, read_body
from api.errors import BAD_KEY, FORBIDDEN, NOT_FOUND, FieldError, Problem, invalid, invalid_fields
from api.idempotency import OnceRoute
from api.inputs import Cursor, Limit, after_number, cut
from api.openapi import json_body, responses
from api.rules import examples
from api.rules.answers import RuleAnswer, RuleLogEntry, RuleSetAnswer, RuleSetSummary
from api.rules.schemas import RuleBody, RuleSetBody
from api.schemas import Page
from domain.rules.static_check import MAX_SET_COST, cost_of
from models.rules import RuleSetLogRow, RuleSetRow
from models.stock import LocationRow, ProductRow
from record.rules.confined import Confined
from record.rules.versions import Draft, rules_of, save_draft

router = APIRouter(tags=["rules"], route_class=OnceRoute)

MAX_MISTAKES = 20
RuleSetId = Annotated[int, Path(ge=1, le=2**31)]


@router.post(
    "/rule-sets",
    status_code=201,
    summary="Save rules as a new version",
    response_model=RuleSetAnswer,
    responses=responses({201: ("The draft", examples.SAVED)}, BAD_KEY, FORBIDDEN),
    openapi_extra=json_body(RuleSetBody, examples.RULE_SET),
)
async def create_rule_set(request: Request, caller: RuleWriter, services: WithServices) -> RuleSetAnswer:
    """Each expression is parsed, checked and run on sample orders. A version never changes: save a new one instead."""
    body = await read_body(request, RuleSetBody)
    return await run_in_threadpool(_save, services, body, caller)


@router.get(
    "/rule-sets",
    summary="Versions of the rules, newest first",
    responses=responses({200: ("One page", examples.PAGE)}, FORBIDDEN),
)
def list_rule_sets(
    caller: RuleReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[RuleSetSummary]:
    """At most one version is active."""
    wanted = select(RuleSetRow).order_by(RuleSetRow.rule_set_id.desc()).limit(limit + 1)
    if last := after_number(cursor):
        wanted = wanted.where(RuleSetRow.rule_set_id < last)
    with services.sessions() as session:
        rows, next_cursor = cut(session.scalars(wanted).all(), limit, lambda row: row.rule_set_id)
    return Page(items=[RuleSetSummary.model_validate(row) for row in rows], next_cursor=next_cursor)


@router.get(
    "/rule-sets/{rule_set_id}",
    summary="One version with its rules",
    responses=responses({200: ("As it was saved", examples.SAVED)}, FORBIDDEN, NOT_FOUND),
)
def read_rule_set(rule_set_id: RuleSetId, caller: RuleReader, services: WithServices) -> RuleSetAnswer:
    """Rules are in the sequence in which they are evaluated."""
    with services.sessions() as session:
        return _answer(session, find_rule_set(session, rule_set_id))


@router.get(
    "/rule-sets/{rule_set_id}/log",
    summary="Who did what with a version",
    responses=responses({200: ("One page", examples.LOG)}, FORBIDDEN, NOT_FOUND),
)
def read_log(
    rule_set_id: RuleSetId, caller: RuleReader, services: WithServices, cursor: Cursor = None, limit: Limit = 50
) -> Page[RuleLogEntry]:
    """Oldest first. Entries never change."""
    wanted = select(RuleSetLogRow).where(RuleSetLogRow.rule_set_id == rule_set_id).order_by(RuleSetLogRow.log_id)
    if last := after_number(cursor):
        wanted = wanted.where(RuleSetLogRow.log_id > last)
    with services.sessions() as session:
        find_rule_set(session, rule_set_id)
        rows, next_cursor = cut(session.scalars(wanted.limit(limit + 1)).all(), limit, lambda row: row.log_id)
    return Page(items=[RuleLogEntry.model_validate(row) for row in rows], next_cursor=next_cursor)


def find_rule_set(session: Session, rule_set_id: int) -> RuleSetRow:
    """Return the version. A 404 if there is none."""
    row = session.get(RuleSetRow, rule_set_id)
    if row is None:
        raise Problem(NOT_FOUND, "there is no such version of the rules")
    return row


def _save(services: Services, body: RuleSetBody, caller: Caller) -> RuleSetAnswer:
    if body.rules is not None:
        _check(body.rules, services.confined)
    with services.sessions.begin() as session:
        if body.made_from is not None and session.get(RuleSetRow, body.made_from) is None:
            raise invalid("from", "there is no such version of the rules")
        if body.rules is None:
            rows = rules_of(session, body.made_from or 0)
            drafts = [Draft(row.name, row.expression, row.action, row.scope) for row in rows]
        else:
            _check_names(session, body.rules)
            drafts = [
                Draft(
                    rule.name, rule.expression, rule.action.model_dump(mode="json"), rule.scope.model_dump(mode="json")
                )
                for rule in body.rules
            ]
        return _answer(session, save_draft(session, drafts, body.made_from, body.note, caller.name))


def _check(rules: list[RuleBody], confined: Confined) -> None:
    """Raise a 422 with the first 20 invalid expressions, each with line and column of its first mistake."""
    errors, seen = list[FieldError](), set[str]()
    for index, rule in enumerate(rules):
        if rule.name in seen:
            errors.append({"field": f"rules[{index}].name", "message": "another rule of this version has this name"})
        seen.add(rule.name)
        if len(errors) >= MAX_MISTAKES:
            break
        if mistake := confined.check(rule.expression):
            place = f"line {mistake.line}, column {mistake.column}"
            errors.append({"field": f"rules[{index}].expression", "message": f"{place}: {mistake.text}"})
    if not errors and sum(cost_of(rule.expression) for rule in rules) > MAX_SET_COST:
        errors.append({"field": "rules", "message": "together they may cost too much on a large order"})
    if errors:
        raise invalid_fields(errors)


def _check_names(session: Session, rules: list[RuleBody]) -> None:
    """Raise a 422 for an unknown gift or location, which would otherwise show only when an order comes."""
    for index, rule in enumerate(rules):
        action = rule.action
        if action.type == "add_gift" and session.get(ProductRow, action.sku) is None:
            raise invalid(f"rules[{index}].action.sku", "there is no such product")
        if action.type == "set_location" and session.get(LocationRow, action.location) is None:
            raise invalid(f"rules[{index}].action.location", "there is no such location")


def _answer(session: Session, row: RuleSetRow) -> RuleSetAnswer:
    rules = [RuleAnswer.model_validate(rule) for rule in rules_of(session, row.rule_set_id)]
    return RuleSetAnswer(**RuleSetSummary.model_validate(row).model_dump(), rules=rules)
