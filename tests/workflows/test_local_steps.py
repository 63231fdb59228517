"""Local activities hold up the order's task, so none of them may wait for a partner."""

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import activities.steps
from workflows.compensations import UNDO

WORKFLOWS = Path("workflows")
LOCAL = re.compile(r"(?:\.run_local|execute_local_activity_method)\(\s*(\w+)\.(\w+)")
CLIENTS = {"wms", "tms", "payments", "quick_payments", "crm", "letters", "partners", "inboxes"}
"""The attributes by which steps reach partners."""
ASKS_QUICKLY = {"Audit.audit_order"}
"""The audit has a client of its own: two seconds, half of the threads, a circuit (integrations/partners.py)."""


def test_only_the_audit_calls_a_partner_from_a_local_step() -> None:
    # Given every step that a workflow takes as a local activity
    steps = {f"{one}.{step}" for path in WORKFLOWS.glob("*.py") for one, step in LOCAL.findall(path.read_text())}
    steps |= {f"{step.__qualname__}" for step in undone_locally()}

    # Then none of them reaches for a client
    assert len(steps) > 20
    assert {step for step in steps if calls_a_partner(*step.split("."))} == ASKS_QUICKLY


def undone_locally() -> Iterator[Any]:
    return (step for step, calls_partner, _ in UNDO.values() if not calls_partner)


def calls_a_partner(name: str, step: str) -> bool:
    """True if the method, or a method of its class that it calls, uses a client."""
    of_class = next(one for one in vars(activities.steps).values() if getattr(one, "__name__", "") == name)
    seen, waiting = set[str](), [step]
    while waiting:
        method = waiting.pop()
        if method in seen or not hasattr(of_class, method):
            continue
        seen.add(method)
        waiting += own_attributes(getattr(of_class, method))
    return any(attribute in CLIENTS for method in seen for attribute in own_attributes(getattr(of_class, method)))


def own_attributes(method: Any) -> list[str]:
    """Return the attributes of `self` that it reads."""
    if not inspect.isfunction(method):
        return []
    tree = ast.parse(dedent(inspect.getsource(method)))
    return [
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    ]
