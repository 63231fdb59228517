"""The outbox: what each message says, and who takes it: a partner's inbox, or the platform of a channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from activities.accounts import AccountBook
from activities.parameters import ParameterBook
from activities.snapshots import load_snapshots
from activities.uploads import Uploads
from domain.contents import channel, crm, customer, finance
from domain.contents.snapshot import Snapshot
from domain.errors import MessageRefused, PartnerTrouble, UploadRefused
from intake.accounts import Account
from integrations.messages import MessageInbox
from integrations.uploads.settings import UploadSettings
from models.database import Sessions
from models.messaging import MessageRow

NOT_ALLOWED = "not_allowed"
"""We are not let in, which is no answer about this parcel: it waits until a person has changed the account."""

INBOX, CHANNEL, ERP, CRM = "inbox", "channel", "erp", "crm"
CONTENTS = {CHANNEL: channel.content, ERP: finance.content, CRM: crm.content}
M = MessageRow
# Built once: building a statement costs more than sending it.
_SAID = select(M.order_id, M.digest, M.message_id).where(
    M.order_id == any_(bindparam("orders", type_=ARRAY(Text))), M.digest.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with all that is in it. `digest` is that of a text, empty for all but the customer."""

    message_id: str
    snapshot: Snapshot
    body: Mapping[str, Any]
    digest: str = ""
    same_as: str = ""
    """The message that said the same text before: then nobody is sent this one."""


@dataclass(slots=True)
class Delivered:
    """The ids that were taken, those that a platform refuses with its code, and what was wrong with the others."""

    taken: set[str] = field(default_factory=set)
    refused: dict[str, str] = field(default_factory=dict)
    problem: str = ""


class Outbox:
    """`inboxes` has one client for each of domain.milestones.RECIPIENTS."""

    def __init__(
        self, sessions: Sessions, inboxes: Mapping[str, MessageInbox], parameters: ParameterBook, accounts: AccountBook
    ) -> None:
        self.inboxes = inboxes
        self.parameters = parameters
        self.accounts = accounts
        self.uploads = Uploads(sessions)

    def letters(self, session: Session, messages: Sequence[MessageRow]) -> list[Letter]:
        """One for each message, in their order. What they say is read now, so that no personal data waits in them."""
        told: dict[str, set[str]] = {}
        for message in messages:
            told.setdefault(message.order_id, set()).add(message.milestone)
        snapshots = load_snapshots(session, told) if told else {}
        said = _said(session, [message.order_id for message in messages if message.recipient == INBOX])
        return [self._letter(session, snapshots[message.order_id], message, said) for message in messages]

    def deliver(self, recipient: str, letters: Sequence[Letter]) -> Delivered:
        """Hand letters of one recipient over, oldest first; it raises nothing that a recipient could bring about."""
        delivered = Delivered({letter.message_id for letter in letters if letter.same_as})
        by_order: dict[str, list[Letter]] = {}
        plain = list[Letter]()
        for letter in letters:
            if recipient == CHANNEL and self._platform(letter):
                by_order.setdefault(letter.snapshot.order_id, []).append(letter)
            elif not letter.same_as:
                plain.append(letter)
        for of_one in by_order.values():
            self._upload(of_one, delivered)
        if plain:
            self._post(recipient, plain, delivered)
        return delivered

    def _platform(self, letter: Letter) -> tuple[Account, UploadSettings] | None:
        """The account whose platform hears of the order in its own words."""
        account = self.accounts.of(letter.snapshot.order.channel)
        if account is None or account.upload is None or not account.upload.enabled:
            return None
        return account, account.upload

    def _upload(self, letters: Sequence[Letter], delivered: Delivered) -> None:
        """A platform hears of parcels only; what else there is to an order it knows, so those messages are taken."""
        platform = self._platform(letters[0])
        try:
            if platform:
                self.uploads.tell(*platform, letters[0].snapshot)
        except PartnerTrouble as trouble:
            delivered.problem = str(trouble)
        except UploadRefused as refusal:
            if refusal.code == NOT_ALLOWED:
                delivered.problem = f"{letters[0].snapshot.order.channel}: {refusal}"
            else:
                delivered.refused |= dict.fromkeys((letter.message_id for letter in letters), str(refusal))
        else:
            delivered.taken |= {letter.message_id for letter in letters}

    def _post(self, recipient: str, letters: Sequence[Letter], delivered: Delivered) -> None:
        try:
            taken = self.inboxes[recipient].deliver([letter.body for letter in letters])
        except (PartnerTrouble, MessageRefused) as trouble:
            delivered.problem = str(trouble)
            return
        delivered.taken |= taken
        if len(taken) < len(letters):
            delivered.problem = f"{recipient} took {len(taken)} of {len(letters)} messages"

    def _letter(self, session: Session, snapshot: Snapshot, message: MessageRow, said: dict[str, str]) -> Letter:
        """`said` has the messages of the texts that were sent, by digest, and is added to."""
        if message.recipient != INBOX:
            content = CONTENTS[message.recipient](snapshot, message.milestone, message.data)
            return Letter(message.message_id, snapshot, _body(snapshot, message, content))
        texts = self.parameters.at(session, message.created_at).message_texts
        account = self.accounts.of(snapshot.order.channel)
        of_channel = account.language if account else ""
        told = customer.tell(snapshot, message.milestone, message.data, texts, of_channel)
        first = said.setdefault(told.digest, message.message_id)
        same_as = first if first != message.message_id else ""
        return Letter(message.message_id, snapshot, _body(snapshot, message, told.content), told.digest, same_as)


def _said(session: Session, orders: Sequence[str]) -> dict[str, str]:
    if not orders:
        return {}
    return {row.digest: row.message_id for row in session.execute(_SAID, {"orders": sorted(set(orders))})}


def _body(snapshot: Snapshot, message: MessageRow, content: dict[str, Any]) -> Mapping[str, Any]:
    return {
        "message_id": message.message_id,
        "milestone": message.milestone,
        "order_id": snapshot.order_id,
        "channel": snapshot.order.channel,
        "channel_order_id": snapshot.order.channel_order_id,
        "occurred_at": message.created_at.isoformat(),
        "data": message.data | content,
    }
