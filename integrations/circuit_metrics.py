"""Prometheus metrics for this process's calls to partners."""

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from integrations.circuit import Circuits


class CircuitMetrics(Collector):
    """Reads the circuits at each scrape."""

    def __init__(self, circuits: Circuits) -> None:
        self._circuits = circuits

    def collect(self) -> Iterator[Metric]:
        by = ["partner"]
        silent = GaugeMetricFamily("baton_partner_silent", "1 while calls to it are paused", labels=by)
        calls = GaugeMetricFamily("baton_partner_calls", "Calls waiting for its answer", labels=by)
        failed = CounterMetricFamily("baton_partner_failures", "Calls that it did not answer", labels=by)
        away = CounterMetricFamily("baton_partner_sent_away", "Calls not made: no free slot, or paused", labels=by)
        for name, state in self._circuits.states().items():
            silent.add_metric([name], float(state.open))
            calls.add_metric([name], state.under_way)
            failed.add_metric([name], state.failed)
            away.add_metric([name], state.sent_away)
        yield from (silent, calls, failed, away)
