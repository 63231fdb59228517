"""The commands of a bulk: each is a request that a caller could send for one order, case or payload."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pydantic import BaseModel

from api.access import Right
from api.orders.commands import CancelBody, HoldReleaseBody
from api.orders.reviews import ForceBody, RejectBody
from api.returns.commands import ApproveReturnBody

ORDERS, RETURNS, INTAKES = "orders", "returns", "intakes"


@dataclass(frozen=True, slots=True)
class Command:
    """`path` is that of the request, with `id` and parameters; the fields of `body`, and those in the path or the
    query, are the parameters of the bulk."""

    subject: str
    right: Right
    method: str
    path: str
    body: type[BaseModel] | None = None
    in_path: tuple[str, ...] = ()
    in_query: tuple[str, ...] = ()

    @property
    def parameters(self) -> frozenset[str]:
        return frozenset({*self.in_path, *self.in_query, *(self.body.model_fields if self.body else ())})

    def request(self, subject_id: str, given: Mapping[str, Any]) -> tuple[str, str, dict[str, Any]]:
        """Return the path, the query and the body of the request for one subject."""
        escaped = {name: quote(str(given[name]), safe="") for name in self.in_path}
        query = "&".join(f"{name}={str(given[name]).lower()}" for name in self.in_query if name in given)
        fields = self.body.model_fields if self.body else {}
        body = {name: value for name, value in given.items() if name in fields}
        return self.path.format(id=quote(subject_id, safe=""), **escaped), query, body


def _order(right: Right, method: str, what: str, **more: Any) -> Command:
    return Command(ORDERS, right, method, f"/orders/{{id}}/{what}", **more)


COMMANDS: Mapping[str, Command] = {
    "release": _order(Right.RELEASE_HOLD, "POST", "holds/{hold}/release", body=HoldReleaseBody, in_path=("hold",)),
    "cancel": _order(Right.CANCEL, "POST", "cancel", body=CancelBody),
    "force": _order(Right.FORCE, "POST", "force", body=ForceBody),
    "reject": _order(Right.REJECT, "POST", "reject", body=RejectBody),
    "re-audit": _order(Right.RELEASE_HOLD, "POST", "re-audit"),
    "tag": _order(Right.NOTE, "PUT", "tags/{tag}", in_path=("tag",)),
    "untag": _order(Right.NOTE, "DELETE", "tags/{tag}", in_path=("tag",)),
    "assign": _order(Right.NOTE, "POST", "take", in_query=("take_over",)),
    "give-back": _order(Right.NOTE, "POST", "give-back"),
    "approve": Command(RETURNS, Right.DECIDE_RETURN, "POST", "/returns/{id}/approve", body=ApproveReturnBody),
    "retry": Command(INTAKES, Right.RETRY_INTAKE, "POST", "/intakes/{id}/retry"),
}
"""By name."""
