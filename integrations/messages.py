"""Who is told of milestones: the ERP, the CRM, the channel and the customer's inbox take messages the same way."""

from collections.abc import Mapping, Sequence
from uuid import uuid4

from domain.errors import MessageRefused
from integrations.circuit import Circuit
from integrations.http import PartnerHttp


class MessageInbox:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http
        self._circuit = Circuit(http.name)

    def deliver(self, messages: Sequence[Mapping[str, object]]) -> set[str]:
        """Hand over messages, oldest first, and get the ids that the partner took; never an id that was not sent.

        A message may be handed over again: by its `message_id` the partner takes it once. Raises MessageRefused, and
        PartnerTrouble also when the partner has enough to do or is left alone (integrations/circuit.py).
        """
        if not messages:
            return set()
        # Each message carries its own id, so a new key for the batch is harmless, and one that the partner took in part
        # does not get its first answer forever.
        with self._circuit.call():
            answer = self._http.post("/messages", {"messages": messages}, uuid4().hex, refusal=MessageRefused)
        sent = {str(message["message_id"]) for message in messages}
        return sent.intersection(answer.texts("accepted"))
