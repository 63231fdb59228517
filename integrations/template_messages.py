"""Sends messages to customers as SMS or WeChat template messages, through a gateway that holds the approved texts."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from hashlib import blake2b
from typing import Any

from domain.contents.fields import GOODS, PERSONAL, message_name
from domain.errors import MessageRefused
from integrations.http import PartnerHttp
from integrations.messages import Handover, Message, one_by_one


class TemplateMessages:
    """A gateway of template messages. `templates` has the gateway's ids by message and language (`shipped.zh-CN`) or by
    message (`shipped`); a message that is not in it has its own name as its template."""

    def __init__(
        self, http: PartnerHttp, templates: Mapping[str, str], give_up_after: timedelta = timedelta(days=3)
    ) -> None:
        self.give_up_after = give_up_after
        self._http = http
        self._templates = templates

    def deliver(self, messages: Sequence[Message]) -> Handover:
        """Deliver messages; those of one order must come oldest first.

        Safe to repeat: the gateway sends each `message_id` once. Raises PartnerTrouble, also while the circuit admits
        no calls.
        """
        return one_by_one(messages, self._send)

    def _send(self, message: Message) -> str:
        body = self._body(message)
        # A text may change until it is taken. The gateway sends each message once, by the id in the body.
        digest = blake2b(json.dumps(body, sort_keys=True).encode(), digest_size=8).hexdigest()
        key = f"{message['message_id']}:{digest}"
        self._http.post("/template-messages", body, key, refusal=MessageRefused, expected=(202,))
        return ""

    def _body(self, message: Message) -> dict[str, Any]:
        """The message without what its text need not say of the person: name and goods stay here."""
        data: Any = message["data"]
        name = message_name(str(message["milestone"]), data)
        templates = self._templates
        left_out = {*PERSONAL, *GOODS}
        return {
            "message_id": message["message_id"],
            "to": data["to"],
            "template": templates.get(f"{name}.{data['language']}") or templates.get(name) or name,
            "language": data["language"],
            "parameters": {field: value for field, value in data["fields"].items() if field not in left_out},
        }
