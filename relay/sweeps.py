"""The relay's jobs that need PostgreSQL only. Every worker runs them; what several do at once is done once."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

from integrations.http import PartnerHttp
from models.database import Sessions
from record.orders.asked_refunds import UnansweredSweep
from record.orders.deadlines import DeadlineSweep
from record.orders.disputes import DisputeSweep
from record.orders.invoicing import InvoiceSweep
from record.orders.refund_tasks import ReminderSweep
from record.orders.renewals import RenewalSweep
from record.people.contacts import ContactSweep
from record.people.erasing import erase_due
from record.people.photos import remove_photos
from record.promises.sweep import PromiseSweep
from record.sourcing.outlooks import OutlookCache
from record.sourcing.reconsider import Reconsider
from record.trail.anchors import AnchorFile, AnchorHttp, Keeper
from record.trail.days import Days, read_key
from record.trail.sealing import AT_ONCE, Sealing
from settings import Settings


class Sweep(NamedTuple):
    """`run` does one pass and returns how much it did. Between two passes are at least `shortest_pause` seconds; after
    one that did nothing at most `longest_pause`, unless the lookout calls."""

    job: str
    run: Callable[[], int]
    longest_pause: float
    shortest_pause: float = 0.5


def database_sweeps(sessions: Sessions, settings: Settings, outlooks: OutlookCache) -> tuple[Sweep, ...]:
    deadlines, invoices, renewals = DeadlineSweep(sessions), InvoiceSweep(sessions), RenewalSweep(sessions)
    unanswered = UnansweredSweep(sessions)
    return (
        # Facts of a second are sealed together, those of one order in one go.
        Sweep("proof", Proof(sessions, settings).run, 5, shortest_pause=1),
        # Alert about orders whose deadline is at risk: one look at a short index, however many orders there are.
        Sweep("deadlines", lambda: deadlines.run(datetime.now(UTC)), 10),
        # Invoice what has left on credit, and call a person to invoices that are overdue.
        Sweep("invoices", lambda: invoices.run(datetime.now(UTC)), 10),
        # Warn before the time to answer a dispute runs out.
        Sweep("disputes", DisputeSweep(sessions).run, 60),
        # Remind of refunds that a person is to pay at a channel.
        Sweep("refund_tasks", ReminderSweep(sessions).run, 60),
        # Have refunds asked for again that nobody has answered.
        Sweep("unanswered_refunds", lambda: unanswered.run(datetime.now(UTC)), 60),
        # Have reserved money renewed before it expires.
        Sweep("renewals", lambda: renewals.run(datetime.now(UTC)), 60),
        # Erase persons who asked for it while an order was under way, once that order has ended.
        Sweep("erasures", partial(erase_due, sessions), 20),
        # Remove the files of photos of erased persons, and of those that nobody used.
        Sweep("photos", partial(remove_photos, sessions, settings.photos), 30),
        # Hash the phones and e-mails of orders from before; once, and again after a change of the vault's key.
        Sweep("contacts", ContactSweep(sessions).run, 60),
        # Give back the stock of carts whose promise is over.
        Sweep("promises", PromiseSweep(sessions, settings.deadlines.reservation).run, 2),
        # Source work again that still waits for its release, where another location is better now.
        Sweep("second_thoughts", Reconsider(sessions, outlooks).run, 20),
    )


class Proof:
    """Seals what orders wrote to their logs and signs each day that is over. Without a key no day is signed."""

    def __init__(self, sessions: Sessions, settings: Settings) -> None:
        self._sealing = Sealing(sessions)
        key = settings.trace_key
        self._days = Days(sessions, read_key(key.get_secret_value()), keepers(settings)) if key else None

    def run(self) -> int:
        """Seal all committed facts, then sign a day if one is over. Return the number of days signed."""
        while self._sealing.run() == AT_ONCE:
            pass
        return self._days.close() if self._days else 0


def keepers(settings: Settings) -> list[Keeper]:
    """Return the configured places outside the database that keep the roots of signed days."""
    found: list[Keeper] = []
    if settings.trace_anchor_file is not None:
        found.append(AnchorFile(settings.trace_anchor_file))
    if (partner := settings.trace_anchor) is not None:
        secret, seconds = partner.secret.get_secret_value(), partner.timeout.total_seconds()
        found.append(AnchorHttp(PartnerHttp("trace anchor", partner.url, secret, seconds)))
    return found
