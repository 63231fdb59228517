"""A failing partner harms nobody else: few threads wait for it, and calls are paused while it only fails."""

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from domain.errors import CallLimited, MessageRefused, PartnerSilent, PartnerTrouble
from integrations.circuit import FIRST_PAUSE_SECONDS, Circuit, Circuits
from integrations.circuit_metrics import CircuitMetrics
from integrations.http import PartnerHttp
from integrations.tms import Tms
from tests.integrations.servers import SECRET


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def fail(circuit: Circuit) -> None:
    with pytest.raises(PartnerTrouble, match="down"), circuit.call():
        raise PartnerTrouble("it is down")


def test_a_partner_gets_at_most_max_calls_at_a_time() -> None:
    # given
    circuit, done = Circuit("erp", max_calls=2), threading.Event()

    def slow() -> None:
        with circuit.call():
            done.wait(5)

    # when
    with ThreadPoolExecutor(2) as threads:
        under_way = [threads.submit(slow) for _ in range(2)]
        time.sleep(0.05)
        began = time.monotonic()
        with pytest.raises(PartnerTrouble, match="enough to do"), circuit.call():
            pass
        waited = time.monotonic() - began
        done.set()
        for one in under_way:
            one.result()

    # then
    assert waited < 1
    with circuit.call():
        pass


def test_after_three_failures_calls_pause_and_then_one_call_probes() -> None:
    # given
    clock = Clock()
    circuit = Circuit("erp", clock=clock)
    for _ in range(3):
        fail(circuit)

    # when / then
    with pytest.raises(PartnerTrouble, match="is tried again at"), circuit.call():
        pass
    clock.now += 5
    with circuit.call(), pytest.raises(PartnerTrouble, match="is tried again at"), circuit.call():
        pass
    with circuit.call():
        pass


def test_each_failed_probe_doubles_the_pause_up_to_a_minute() -> None:
    clock = Clock()
    circuit = Circuit("erp", clock=clock)
    for _ in range(3):
        fail(circuit)
    for pause in (5, 10, 20, 40, 60, 60):
        clock.now += pause - 1
        with pytest.raises(PartnerTrouble, match="is tried again at"), circuit.call():
            pass
        clock.now += 1
        fail(circuit)


def test_a_refusal_does_not_count_as_a_failure() -> None:
    circuit = Circuit("erp")
    for _ in range(5):
        with pytest.raises(MessageRefused), circuit.call():
            raise MessageRefused("unknown_order")

    with circuit.call():
        pass


def test_a_retry_after_pauses_calls_for_that_long() -> None:
    clock = Clock()
    circuit = Circuit("erp", clock=clock)
    with pytest.raises(CallLimited), circuit.call():
        raise CallLimited("it asks for a pause", 30)

    clock.now += 29
    with pytest.raises(PartnerTrouble, match="is tried again at"), circuit.call():
        pass
    clock.now += 1
    with circuit.call():
        pass


def test_calls_that_began_before_the_pause_do_not_extend_it() -> None:
    # given five calls at once, none of which is answered
    clock = Clock()
    circuit = Circuit("erp", max_calls=5, clock=clock)
    calls = [circuit.call() for _ in range(5)]
    for call in calls:
        call.__enter__()
    for call in calls:
        trouble = PartnerTrouble("it is down")
        assert not call.__exit__(PartnerTrouble, trouble, None)

    # when / then the pause is the first one
    clock.now += FIRST_PAUSE_SECONDS
    with circuit.call():
        pass


def test_a_probe_needs_no_free_slot() -> None:
    # given calls that never end hold every slot since before the pause
    clock = Clock()
    circuit = Circuit("erp", max_calls=4, clock=clock)
    endless = [circuit.call() for _ in range(3)]
    for call in endless:
        call.__enter__()
    for _ in range(3):
        fail(circuit)
    clock.now += FIRST_PAUSE_SECONDS

    # when / then
    with circuit.call():
        assert circuit.state.under_way == 4
    assert not circuit.state.open


def test_callers_sent_away_return_spread_over_time() -> None:
    # given
    circuit = Circuit("erp", clock=Clock())
    for _ in range(3):
        fail(circuit)

    # when
    waits = []
    for _ in range(1_000):
        with pytest.raises(PartnerSilent) as shown, circuit.call():
            pass
        waits.append(shown.value.retry_after)

    # then none returns before the next probe, and few return within any one second
    assert min(waits) >= FIRST_PAUSE_SECONDS
    assert max(Counter(int(wait) for wait in waits).values()) < 100


def test_all_clients_of_a_partner_share_one_circuit() -> None:
    circuits = Circuits()

    assert circuits.of("erp", max_calls=6) is circuits.of("erp")
    assert circuits.of("erp") is not circuits.of("crm")


def test_a_silent_carrier_behind_the_tms_pauses_only_its_own_calls() -> None:
    # given
    tms = Tms(PartnerHttp("tms", "http://127.0.0.1:9", SECRET))
    for _ in range(3):
        with pytest.raises(PartnerTrouble, match="ConnectError"):
            tms.void("S-1", "why", "k", "sf")

    # when / then
    with pytest.raises(PartnerSilent, match="SF Express, behind the tms, does not answer: it is tried again at"):
        tms.void("S-1", "why", "k", "sf")
    with pytest.raises(PartnerTrouble, match="ConnectError"):
        tms.void("S-1", "why", "k")


def test_metrics_name_the_partner_that_does_not_answer() -> None:
    # given
    circuits, registry = Circuits(), CollectorRegistry()
    registry.register(CircuitMetrics(circuits))
    for _ in range(3):
        fail(circuits.of("wms"))
    with pytest.raises(PartnerSilent), circuits.of("wms").call():
        pass

    # when / then
    with circuits.of("tms").call():
        shown = generate_latest(registry).decode()
    assert 'baton_partner_silent{partner="wms"} 1.0' in shown
    assert 'baton_partner_silent{partner="tms"} 0.0' in shown
    assert 'baton_partner_calls{partner="tms"} 1.0' in shown
    assert 'baton_partner_failures_total{partner="wms"} 3.0' in shown
    assert 'baton_partner_sent_away_total{partner="wms"} 1.0' in shown
