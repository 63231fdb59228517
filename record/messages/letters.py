"""Letters: write the content of messages and hand them to an inbox or to a channel's platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from domain.contents import channel, crm, customer, finance
from domain.contents.snapshot import Snapshot
from domain.errors import PartnerTrouble, UploadRefused
from integrations.circuit import Circuits
from integrations.messages import NOT_ACCEPTED, MessageInbox
from integrations.uploads.settings import UploadSettings
from models.database import Sessions
from models.messaging import MessageRow
from record.channels.account_cache import AccountCache
from record.channels.accounts import Account
from record.messages.snapshots import load_snapshots
from record.messages.uploads import Uploads
from record.parameters import ParameterCache

NOT_ALLOWED = "not_allowed"
"""Our access is refused, which is no answer about this parcel: it waits until a person has changed the account."""

INBOX, CHANNEL, ERP, CRM = "inbox", "channel", "erp", "crm"
CONTENTS = {CHANNEL: channel.content, ERP: finance.content, CRM: crm.content}
M = MessageRow
# Built once: building a statement costs more than sending it.
_SENT_TEXTS = select(M.order_id, M.digest, M.message_id).where(
    M.order_id == any_(bindparam("orders", type_=ARRAY(Text))), M.digest.is_not(None)
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its content. `digest` is that of a customer's text, else empty.

    A `silent` one is not sent and counts as taken in its turn: a person settled it, or it repeats the text of the
    message `same_as`.
    """

    message_id: str
    to: str
    snapshot: Snapshot
    body: Mapping[str, Any]
    digest: str = ""
    same_as: str = ""
    silent: bool = False

    @property
    def order_id(self) -> str:
        return self.snapshot.order_id


@dataclass(slots=True)
class Delivered:
    """What was taken; by order id the problem of its first letter not taken, and the codes of those refused for good.
    `away` says why the whole recipient could not be reached, or is empty."""

    taken: list[Letter] = field(default_factory=list)
    problems: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    away: str = ""


class Letters:
    """Writes and delivers letters. `inboxes` has one client for each of domain.milestones.RECIPIENTS."""

    def __init__(
        self,
        sessions: Sessions,
        inboxes: Mapping[str, MessageInbox],
        parameters: ParameterCache,
        accounts: AccountCache,
        circuits: Circuits,
    ) -> None:
        self.inboxes = inboxes
        self.parameters = parameters
        self.accounts = accounts
        self.uploads = Uploads(sessions, circuits)

    def write(self, session: Session, messages: Sequence[MessageRow]) -> list[Letter]:
        """Write one letter per message, in their order. Their content is read now, so that no personal data waits in
        them."""
        reached: dict[str, set[str]] = {}
        for message in messages:
            reached.setdefault(message.order_id, set()).add(message.milestone)
        snapshots = load_snapshots(session, reached) if reached else {}
        sent = _sent_texts(session, [message.order_id for message in messages if message.recipient == INBOX])
        return [self._letter(session, snapshots[message.order_id], message, sent) for message in messages]

    def hand_over(self, recipient: str, letters: Sequence[Letter]) -> Delivered:
        """Hand over letters of one recipient, oldest first. Raises nothing that a recipient could cause."""
        audible = [letter for letter in letters if not letter.silent]
        uploads = {letter.order_id: letter for letter in audible if recipient == CHANNEL and self._platform(letter)}
        delivered = Delivered()
        for letter in uploads.values():
            self._upload(letter, delivered)
        posted = [letter for letter in audible if letter.order_id not in uploads]
        accepted = self._post(recipient, posted, delivered) if posted else frozenset()
        not_taken = delivered.problems.keys() | delivered.refused.keys()
        for letter in letters:
            settled = letter.silent or letter.order_id in uploads
            if letter.message_id in accepted or (settled and letter.order_id not in not_taken):
                delivered.taken.append(letter)
            elif letter.order_id not in not_taken:
                delivered.problems[letter.order_id] = NOT_ACCEPTED
        return delivered

    def _platform(self, letter: Letter) -> tuple[Account, UploadSettings] | None:
        """Return the account whose platform gets uploads, or None."""
        account = self.accounts.of(letter.snapshot.order.channel)
        if account is None or account.upload is None or not account.upload.enabled:
            return None
        return account, account.upload

    def _upload(self, letter: Letter, delivered: Delivered) -> None:
        """Upload parcels to a platform. It knows everything else about the order, so all its messages count as
        taken."""
        platform, order_id = self._platform(letter), letter.order_id
        try:
            if platform:
                self.uploads.upload_parcels(*platform, letter.snapshot)
        except PartnerTrouble as trouble:
            delivered.problems[order_id] = str(trouble)
        except UploadRefused as refusal:
            if refusal.code == NOT_ALLOWED:
                delivered.problems[order_id] = f"{letter.snapshot.order.channel}: {refusal}"
            else:
                delivered.refused[order_id] = str(refusal)

    def _post(self, recipient: str, letters: Sequence[Letter], delivered: Delivered) -> frozenset[str]:
        try:
            handover = self.inboxes[recipient].deliver([letter.body for letter in letters])
        except PartnerTrouble as trouble:
            delivered.away = str(trouble)
            delivered.problems |= {letter.order_id: delivered.away for letter in letters}
            return frozenset()
        delivered.problems |= handover.problems
        return handover.taken

    def _letter(self, session: Session, snapshot: Snapshot, message: MessageRow, sent: dict[str, str]) -> Letter:
        """Write one letter. `sent` maps digests of texts to the messages that sent them, and is extended."""
        if message.settled_by is not None:
            return Letter(message.message_id, message.recipient, snapshot, {}, silent=True)
        if message.recipient != INBOX:
            content = CONTENTS[message.recipient](snapshot, message.milestone, message.data)
            return Letter(message.message_id, message.recipient, snapshot, _body(snapshot, message, content))
        texts = self.parameters.at(session, message.created_at).message_texts
        account = self.accounts.of(snapshot.order.channel)
        of_channel = account.language if account else ""
        text = customer.render(snapshot, message.milestone, message.data, texts, of_channel)
        first = sent.setdefault(text.digest, message.message_id)
        if first != message.message_id:
            return Letter(message.message_id, message.recipient, snapshot, {}, same_as=first, silent=True)
        return Letter(
            message.message_id, message.recipient, snapshot, _body(snapshot, message, text.content), text.digest
        )


def _sent_texts(session: Session, orders: Sequence[str]) -> dict[str, str]:
    if not orders:
        return {}
    return {row.digest: row.message_id for row in session.execute(_SENT_TEXTS, {"orders": sorted(set(orders))})}


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
