"""Are the remarks of customer and merchant clear?"""

from collections.abc import Iterator
from typing import Any

from domain.audit_facts import HOLD, AuditFacts, Finding, first_few


def remarks_inputs(facts: AuditFacts) -> dict[str, Any]:
    """What was understood, without the original words, since these may name a person."""
    return {
        "instructions": [
            {"intent": one.intent, "confidence": one.confidence, "source": one.source, "said_by": one.said_by}
            for one in facts.remarks.instructions
        ]
    }


def unclear_remarks(facts: AuditFacts) -> Iterator[Finding]:
    """A person reads remarks that are unsure or contradictory; the other instructions apply anyway."""
    if facts.remarks.needs_review:
        unclear = [*facts.remarks.contradictions, *facts.remarks.unsure]
        yield Finding("unclear_remarks", HOLD, "REMARKS", f"the remarks must be read: {first_few(unclear)}")
