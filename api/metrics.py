"""Metrics for Prometheus: requests by route, sizes of groups, and how much is waiting in the database."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from models.database import Sessions
from models.messaging import IS_WAITING, MessageRow, PartnerEventRow
from models.order import OrderRow
from models.set_aside import SetAsideRow
from models.statements import PartnerDifferenceRow
from models.subscription import PARKED, DeliveryRow, SubscriptionRow

SECONDS = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 15)
_BY_CHANNEL = (
    select(OrderRow.channel, func.count(), func.extract("epoch", func.now() - func.min(OrderRow.received_at)))
    .where(OrderRow.workflow_started_at.is_(None), func.isfinite(OrderRow.relay_after))
    .group_by(OrderRow.channel)
)
_PARKED = (
    select(MessageRow.recipient, func.count()).where(MessageRow.parked_at.is_not(None)).group_by(MessageRow.recipient)
)
_WAITING = select(MessageRow.recipient, func.count()).where(text(IS_WAITING)).group_by(MessageRow.recipient)
_DISABLED = select(func.count()).where(~SubscriptionRow.active, SubscriptionRow.disabled_because.is_not(None))
_DIFFERENT = (
    select(PartnerDifferenceRow.partner, PartnerDifferenceRow.kind, func.count())
    .where(PartnerDifferenceRow.gone_at.is_(None))
    .group_by(PartnerDifferenceRow.partner, PartnerDifferenceRow.kind)
)
_ASIDE = select(SetAsideRow.kind, func.count()).where(SetAsideRow.aside_at.is_not(None)).group_by(SetAsideRow.kind)
_PARKED_FOR_SUBSCRIBERS = select(func.count()).where(DeliveryRow.state == PARKED)
PATIENCE_SECONDS = 5.0
SIZES = (1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000)


class ApiMetrics:
    """The metrics of one app, in a registry of its own, so that two apps in one process do not mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self._requests = Histogram(
            "baton_api_request_seconds", "Time to answer", labels, buckets=SECONDS, registry=self.registry
        )
        self._groups = Histogram(
            "baton_api_group_size", "Items committed together", ("group",), buckets=SIZES, registry=self.registry
        )
        self._refused = Counter(
            "baton_quota_refused", "Requests beyond a quota", ("unit", "whose"), registry=self.registry
        )
        # Looking up a label takes longer than counting.
        self._of_route = cache(self._requests.labels)

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        self._of_route(method, route, str(status)).observe(seconds)

    def refused(self, unit: str, whose: str) -> None:
        """Count a request beyond a quota."""
        self._refused.labels(unit, whose).inc()

    def group(self, name: str) -> Callable[[int], None]:
        """Return the function to which a GroupCommit of this name reports its sizes."""
        return self._groups.labels(name).observe


class Backlog(Collector):
    """Read from the database at each scrape: orders whose workflow has not started, partner events not yet carried,
    messages that wait for their recipient or a person, disabled subscriptions, rows set aside, and differences with
    partners."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="backlog")
        self._asked: Future[list[Metric]] | None = None

    def collect(self) -> Iterator[Metric]:
        """Read in one thread of its own, with a time limit, so that a database that hangs does not hang the scrape."""
        if self._asked is None or self._asked.done():
            self._asked = self._thread.submit(lambda: list(self._read()))
        try:
            yield from self._asked.result(PATIENCE_SECONDS)
        except TimeoutError:
            yield GaugeMetricFamily("baton_database_up", "Whether the database answers", 0)

    def close(self) -> None:
        self._thread.shutdown(wait=False)

    def _read(self) -> Iterator[Metric]:
        waiting = {
            "orders": (
                OrderRow.received_at,
                OrderRow.workflow_started_at.is_(None) & func.isfinite(OrderRow.relay_after),
            ),
            "partner_events": (
                PartnerEventRow.received_at,
                PartnerEventRow.relayed_at.is_(None) & func.isfinite(PartnerEventRow.relay_after),
            ),
        }
        up = GaugeMetricFamily("baton_database_up", "Whether the database answers")
        size = GaugeMetricFamily("baton_backlog_size", "How many wait for the relay", labels=["what"])
        age = GaugeMetricFamily("baton_backlog_age_seconds", "How long the oldest has waited", labels=["what"])
        sizes = GaugeMetricFamily("baton_channel_backlog_size", "Orders that wait for the relay", labels=["channel"])
        ages = GaugeMetricFamily(
            "baton_channel_backlog_age_seconds", "How long the oldest of them has waited", labels=["channel"]
        )
        parked = GaugeMetricFamily("baton_parked_messages", "How many are tried no more", labels=["recipient"])
        left = GaugeMetricFamily("baton_left_messages", "How many wait for their recipient", labels=["recipient"])
        disabled = GaugeMetricFamily("baton_disabled_subscriptions", "How many receivers are gone")
        aside = GaugeMetricFamily("baton_set_aside", "How many rows wait for a person", labels=["kind"])
        differ = GaugeMetricFamily(
            "baton_partner_differences", "Where a partner's books differ from ours", labels=["partner", "kind"]
        )
        try:
            with self._sessions() as session:
                for partner, kind, count in session.execute(_DIFFERENT):
                    differ.add_metric([partner, kind], count)
                for kind, count in session.execute(_ASIDE):
                    aside.add_metric([kind], count)
                for recipient, count in session.execute(_WAITING):
                    left.add_metric([recipient], count)
                disabled.add_metric([], session.scalar(_DISABLED) or 0)
                for recipient, count in session.execute(_PARKED):
                    parked.add_metric([recipient], count)
                parked.add_metric(["subscribers"], session.scalar(_PARKED_FOR_SUBSCRIBERS) or 0)
                for channel, count, seconds in session.execute(_BY_CHANNEL):
                    sizes.add_metric([channel], count)
                    ages.add_metric([channel], float(seconds))
                for what, (since, still) in waiting.items():
                    oldest = func.extract("epoch", func.now() - func.min(since))
                    count, seconds = session.execute(select(func.count(), oldest).where(still)).one()
                    size.add_metric([what], count)
                    age.add_metric([what], float(seconds or 0))
        except SQLAlchemyError:
            up.add_metric([], 0)
        else:
            up.add_metric([], 1)
        yield from (up, size, age, sizes, ages, left, parked, disabled, aside, differ)
