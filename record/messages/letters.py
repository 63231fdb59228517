"""Letters: write the content of messages and hand them to an inbox or to a channel's platform."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ARRAY, Text, any_, bindparam, select
from sqlalchemy.orm import Session

from domain.contents import channel, crm, customer, finance
from domain.contents.fields import message_name
from domain.contents.snapshot import Snapshot
from domain.contents.ways import BY_INBOX, NOBODY, Ways, choose_way
from domain.errors import PartnerTrouble
from integrations.circuit import Circuits
from integrations.customer_messages import WAY
from integrations.messages import NOT_ACCEPTED, Inbox
from models.database import Sessions
from models.messaging import MessageRow
from models.prepared import prepared
from record.channels.account_cache import AccountCache
from record.messages.platforms import Platforms
from record.messages.recent_snapshots import RecentSnapshots
from record.messages.uploads import Uploads
from record.orders.track_links import TrackLinks, generations_of
from record.parameters import ParameterCache

INBOX, CHANNEL, ERP, CRM = "inbox", "channel", "erp", "crm"
CONTENTS = {CHANNEL: channel.content, ERP: finance.content, CRM: crm.content}
M = MessageRow
# Built once: building a statement costs more than sending it.
_SENT_TEXTS = prepared(
    select(M.order_id, M.digest, M.message_id).where(
        M.order_id == any_(bindparam("orders", type_=ARRAY(Text))), M.digest.is_not(None)
    )
)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its content. `digest` is that of a customer's text, else empty.

    A `silent` one is not sent and counts as taken in its turn: a person settled it, the shop tells nobody of this
    milestone, or it repeats the text of the message `same_as`.
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
        inboxes: Mapping[str, Inbox],
        parameters: ParameterCache,
        accounts: AccountCache,
        circuits: Circuits,
        ways: Ways = BY_INBOX,
        links: TrackLinks | None = None,
    ) -> None:
        self.inboxes = inboxes
        self.ways = ways
        self.links = links
        self.parameters = parameters
        self.accounts = accounts
        self.snapshots = RecentSnapshots()
        self.platforms = Platforms(accounts, Uploads(sessions, circuits))

    def write(self, session: Session, messages: Sequence[MessageRow]) -> list[Letter]:
        """Write one letter per message, in their order. Their content is read now, or was a moment ago, so that no
        personal data waits in them."""
        snapshots = self.snapshots.load(session, messages) if messages else {}
        sent = _sent_texts(session, [message.order_id for message in messages if message.recipient == INBOX])
        links = self._links(session, [one for one in messages if one.recipient == INBOX])
        return [self._letter(session, snapshots[one.order_id], one, sent, links) for one in messages]

    def hand_over(self, recipient: str, letters: Sequence[Letter]) -> Delivered:
        """Hand over letters of one recipient, oldest first. Raises nothing that a recipient could cause."""
        audible = [letter for letter in letters if not letter.silent]
        uploads = self.platforms.of(audible) if recipient == CHANNEL else {}
        posted = [letter for letter in audible if letter.order_id not in uploads]
        delivered = Delivered()
        accepted = self._post(recipient, posted, delivered) if posted else frozenset()
        untried = self.platforms.upload(uploads, delivered.problems, delivered.refused)
        not_taken = delivered.problems.keys() | delivered.refused.keys() | untried
        for letter in letters:
            settled = letter.silent or letter.order_id in uploads
            if letter.message_id in accepted or (settled and letter.order_id not in not_taken):
                delivered.taken.append(letter)
            elif letter.order_id not in not_taken:
                delivered.problems[letter.order_id] = NOT_ACCEPTED
        return delivered

    def _post(self, recipient: str, letters: Sequence[Letter], delivered: Delivered) -> frozenset[str]:
        try:
            handover = self.inboxes[recipient].deliver([letter.body for letter in letters])
        except PartnerTrouble as trouble:
            delivered.away = str(trouble)
            delivered.problems |= {letter.order_id: delivered.away for letter in letters}
            return frozenset()
        delivered.problems |= handover.problems
        delivered.refused |= handover.refused
        return handover.taken

    def _links(self, session: Session, messages: Sequence[MessageRow]) -> dict[str, str]:
        """Return by message the link to the customer's page: the same at each try. Empty where customers have none."""
        if self.links is None or not messages:
            return {}
        generations = generations_of(session, {message.order_id for message in messages})
        return {
            one.message_id: self.links.link(
                self.links.token(one.order_id, generations.get(one.order_id, 0), one.created_at)
            )
            for one in messages
        }

    def _letter(
        self,
        session: Session,
        snapshot: Snapshot,
        message: MessageRow,
        sent: dict[str, str],
        links: Mapping[str, str],
    ) -> Letter:
        """Write one letter. `sent` maps digests of texts to the messages that sent them, and is extended; `links` has
        the customer's page by message."""
        if message.settled_by is not None:
            return Letter(message.message_id, message.recipient, snapshot, {}, silent=True)
        if message.recipient != INBOX:
            content = CONTENTS[message.recipient](snapshot, message.milestone, message.data)
            return Letter(message.message_id, message.recipient, snapshot, _body(snapshot, message, content))
        way, to = choose_way(self.ways, message_name(message.milestone, message.data), snapshot.order.ship_to)
        if way == NOBODY:
            return Letter(message.message_id, message.recipient, snapshot, {}, silent=True)
        texts = self.parameters.at(session, message.created_at).message_texts
        account = self.accounts.of(snapshot.order.channel)
        of_channel = account.language if account else ""
        link = links.get(message.message_id, "")
        text = customer.render(snapshot, message.milestone, message.data, texts, of_channel, link=link)
        first = sent.setdefault(text.digest, message.message_id)
        if first != message.message_id:
            return Letter(message.message_id, message.recipient, snapshot, {}, same_as=first, silent=True)
        body = _body(snapshot, message, text.content if way == INBOX else text.content | {"to": to})
        # The inbox is a partner, to which the way is of no use.
        body = body if way == INBOX else {**body, WAY: way}
        return Letter(message.message_id, message.recipient, snapshot, body, text.digest)


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
