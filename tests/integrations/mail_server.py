"""A real SMTP server on loopback, with the troubles that a test asks for."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller


@dataclass
class MailServer:
    """`mails` are those taken; `answers` the answer to a recipient by address, `data_answer` that to each text."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    connections: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    data_answer: str = ""
    silent_about: set[str] = field(default_factory=set)
    """Recipients to whom it never answers."""

    async def handle_EHLO(self, server: Any, session: Any, envelope: Any, hostname: str, responses: list[str]) -> Any:
        self.connections += 1
        session.host_name = hostname
        return responses

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if address in self.silent_about:
            await asyncio.Event().wait()
        if answer := self.answers.get(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        if self.data_answer:
            return self.data_answer
        self.recipients += envelope.rcpt_tos
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    @contextmanager
    def up(self, **how: Any) -> Iterator["MailServer"]:
        """Serve on a free port, the second time on the same one."""
        with socket.create_server(("127.0.0.1", self.port)) as listening:
            self.port = listening.getsockname()[1]
            controller = _Controller(self, listening, hostname="127.0.0.1", port=self.port, **how)
            controller.start()
            try:
                yield self
            finally:
                controller.stop()


class _Controller(Controller):
    def __init__(self, handler: MailServer, listening: socket.socket, **how: Any) -> None:
        super().__init__(handler, **how)
        self._listening = listening

    def _create_server(self) -> Any:
        return self.loop.create_server(self._factory_invoker, sock=self._listening, ssl=self.ssl_context)
