"""Compare a partner's statement with the record, step by step, as the workflow does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from sqlalchemy import select

from activities.redeliver import Redeliver, RedeliverRequest
from activities.statements import Place, StatementRequest, StatementSteps, Step
from domain import milestones
from domain.milestones import RECIPIENTS
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.statements import Statements
from models.database import Sessions
from models.statements import PartnerDifferenceRow, StatementEntryRow
from record import journal
from settings import StatementPlan
from tests.activities.story import build_steps, letters_to
from tests.factories import place_order

ONCE = StatementPlan(grace=timedelta())
"""No grace period: tests wait until nothing is under way."""
MOST = 100


@dataclass
class Night:
    """The steps of one comparison, and the places where they began."""

    steps: list[Step] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)

    @property
    def listed(self) -> int:
        return sum(step.listed for step in self.steps)

    @property
    def mended(self) -> int:
        return sum(step.mended for step in self.steps)


@dataclass
class Comparing:
    sessions: Sessions
    partners: Mapping[str, PartnerHttp]
    plan: StatementPlan = ONCE
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    """Where the comparison starts: messages of earlier tests are not compared."""
    address: str = ""
    elsewhere: tuple[str, ...] = ()

    @property
    def steps(self) -> StatementSteps:
        clients = {name: Statements(http) for name, http in self.partners.items() if name != "inbox"}
        return StatementSteps(self.sessions, clients, self.plan, self.elsewhere)

    def night(self, partner: str) -> Night:
        """Run one comparison to its end."""
        return self.go_on(self.opened(partner))

    def opened(self, partner: str) -> Place:
        return replace(self.steps.open_statement(StatementRequest(partner)), start=self.begun)

    def go_on(self, place: Place | None, steps: int = MOST) -> Night:
        """Run `steps` steps from a place, or to the end."""
        night = Night()
        while place and len(night.steps) < steps:
            night.places.append(place)
            night.steps.append(self.step(place))
            place = night.steps[-1].following
        assert len(night.steps) < MOST, "it does not end"
        return night

    def step(self, place: Place) -> Step:
        stages = {
            "read": self.steps.read_page,
            "missing": self.steps.find_missing,
            "again": self.steps.look_again,
            "mend": self.steps.mend_differences,
        }
        return stages[place.stage](place)

    def open_differences(self, partner: str) -> set[tuple[str, str, str, str]]:
        """The open differences as (kind, subject, ours, theirs)."""
        return {(row.kind, row.subject, row.ours, row.theirs) for row in self.rows(partner) if row.gone_at is None}

    def rows(self, partner: str) -> list[PartnerDifferenceRow]:
        of_partner = PartnerDifferenceRow.partner == partner
        with self.sessions() as session:
            return list(session.scalars(select(PartnerDifferenceRow).where(of_partner)))

    def seen(self) -> int:
        """Count the statement entries that the record still holds."""
        with self.sessions() as session:
            return len(session.scalars(select(StatementEntryRow.subject)).all())

    def redeliver(self, recipient: str) -> int:
        """Redeliver as the worker does when the relay has found messages to send again."""
        inboxes = {name: MessageInbox(self.partners[name]) for name in RECIPIENTS}
        run = Redeliver(self.sessions, letters_to(self.sessions, inboxes))
        return run.redeliver_batch(RedeliverRequest(recipient)).taken


def notify_of(comparing: Comparing, name: str, *reached: str) -> str:
    """Place an order with this channel order id, notify all recipients of its milestones, and return its id."""
    order_id = place_order(comparing.sessions, channel_order_id=name, customer_id=f"C-{comparing.begun:%H%M%S%f}")
    for milestone in reached or (milestones.RECEIVED, milestones.SHIPPED):
        with comparing.sessions.begin() as session:
            journal.announce(session, order_id, milestone, {"points": 5})
    build_steps(comparing.sessions, comparing.partners).tell()
    return order_id


def missing(comparing: Comparing, partner: str) -> list[str]:
    """The subjects that the partner is missing."""
    found = comparing.open_differences(partner)
    return sorted(subject for kind, subject, *_ in found if kind == "missing_there")
