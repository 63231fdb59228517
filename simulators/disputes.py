"""Disputes at the payment gateway: a test says what a bank does, the gateway tells it and takes evidence."""

from dataclasses import dataclass, field
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators import shapes, troubles
from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.world import Subject, World

STATES = ("opened", "updated", "won", "lost")
STAGES = ("inquiry", "chargeback", "arbitration")


def _one_of(*words: str) -> Any:
    return lambda value: None if value in words else " or ".join(words)


DISPUTE = {
    "dispute_id": str,
    "payment_reference": str,
    "amount": shapes.amount,
    "currency": shapes.currency,
    "reason_code?": shapes.optional_text,
    "stage": _one_of(*STAGES),
    "respond_by?": shapes.optional_text,
    "state": _one_of(*STATES),
}


@dataclass(slots=True)
class Disputes:
    """Evidence for a dispute that is decided is refused."""

    world: World
    endpoints: Endpoints
    evidence: dict[str, Body] = field(default_factory=dict)
    decided: set[str] = field(default_factory=set)

    def routes(self) -> list[Route]:
        path = "/disputes/{dispute_id}/evidence"
        return [
            Route("/disputes", self.endpoints.control(DISPUTE, self._tell), methods=["POST"]),
            Route(path, self.endpoints.idempotent({"parcels": shapes.a_list}, self._take), methods=["POST"]),
            Route(path, self.endpoints.view(self._look), methods=["GET"]),
        ]

    def _tell(self, request: Request, body: Body) -> tuple[int, Body]:
        state, reference, name = body["state"], body["payment_reference"], body["dispute_id"]
        if state in ("won", "lost"):
            self.decided.add(name)
        data = {field: value for field, value in body.items() if field != "state"}
        subject = Subject(reference, troubles.named_in(reference))
        kind = f"dispute.{state}"
        number = f"{name}:{kind}:{body['stage']}"
        self.world.tell(subject, self.world.event(subject, "payments", number, kind, data))
        return 201, data

    def _take(self, request: Request, body: Body) -> tuple[int, Body]:
        name = request.path_params["dispute_id"]
        if name in self.decided:
            raise Problem(422, "dispute_decided", "it is decided")
        self.evidence[name] = body
        return 201, {"dispute_id": name, "status": "under_review"}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"evidence": self.evidence.get(request.path_params["dispute_id"])}
