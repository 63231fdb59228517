"""Write the audits of a group: all in one statement, but gifts and holds order by order."""

from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy.orm import Session

from activities import holds
from activities.audit_findings import AuditResult, plain_result, settle_holds, with_facts
from domain.audit_facts import HOLD, PASS
from record import journal
from record.orders import authorizations
from record.orders.audit_batch import AuditBatch
from record.orders.judged_orders import JudgedOrder, LockedOrder, lock_judged
from record.orders.promises import make_promise
from record.parameters import ParameterCache
from record.rules.staff_rules import give


def write_audits(
    session: Session, group: Sequence[JudgedOrder], cache: ParameterCache, patience: str | None
) -> list[AuditResult | None]:
    """Write what was judged, and return each result. None for an order that must be judged again, because it has
    changed meanwhile or is in the group twice. `patience` is the longest wait for a lock, as PostgreSQL writes it."""
    first = {judged.order_id: judged for judged in reversed(group)}
    batch, results = AuditBatch(), dict[str, AuditResult | None]()
    for order_id, locked in lock_judged(session, first, patience).items():
        results[order_id] = _add(batch, first[order_id], locked)
    batch.write(session)
    authorizations.note(session, [first[order_id] for order_id in results])
    for order_id in [order_id for order_id, result in results.items() if result is None]:
        results[order_id] = _settle(session, first[order_id], cache)
    return [results.get(judged.order_id) if judged is first[judged.order_id] else None for judged in group]


def _add(batch: AuditBatch, judged: JudgedOrder, locked: LockedOrder) -> AuditResult | None:
    """Add the audit to the batch. Return its result, or None if gifts or holds must be written first."""
    batch.add(judged, locked)
    result = plain_result(judged)
    passed = result is not None and result.verdict == PASS
    if passed:
        batch.accept(locked)
    # What the channel has shipped itself is promised by nobody here.
    paid = (judged.facts.payment.status == "captured" or judged.facts.captures) and not judged.facts.balance_due
    if (passed or paid) and not judged.facts.nothing_to_send:
        batch.promise(judged, locked)
    if result:
        batch.answer(judged.key, asdict(result))
    return result


def _settle(session: Session, judged: JudgedOrder, cache: ParameterCache) -> AuditResult:
    """Give gifts, raise and release holds, and accept the order if none is left."""
    if judged.staff.gifts:
        give(session, judged.order_id, judged.staff.gifts)
    left = settle_holds(session, judged)
    if not left.codes:
        holds.accept(session, judged.order_id)
        if not judged.facts.nothing_to_send:
            make_promise(session, judged.order_id, cache)
    result = with_facts(judged, AuditResult(HOLD, left) if left.codes else AuditResult(PASS))
    journal.remember(session, judged.key, asdict(result))
    return result
