"""A gateway of template messages (SMS, WeChat): it sends each message once and refuses numbers that are not in use."""

from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from simulators.endpoints import Body, Endpoints
from simulators.problems import Problem
from simulators.shapes import anything_in

TEMPLATE_MESSAGE = {
    **dict.fromkeys(("message_id", "to", "template", "language"), str),
    "parameters": anything_in,
}
NOT_IN_USE = "0000000"
"""A number that ends so is refused."""


class TemplateGateway:
    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints
        self.sent: list[dict[str, Any]] = []

    def routes(self) -> list[Route]:
        return [
            Route("/template-messages", self.endpoints.idempotent(TEMPLATE_MESSAGE, self._send), methods=["POST"]),
            Route("/template-messages", self.endpoints.view(self._look), methods=["GET"]),
        ]

    def _send(self, request: Request, body: Body) -> tuple[int, Body]:
        if body["to"].endswith(NOT_IN_USE):
            raise Problem(422, "number_not_in_use", "nobody has this number")
        self.sent.append(body)
        return 202, {"message_id": body["message_id"]}

    def _look(self, request: Request, body: Body) -> tuple[int, Body]:
        return 200, {"messages": self.sent}
