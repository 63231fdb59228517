"""One partner's trouble stays its own: few threads wait for it, and it is left alone while it only fails."""

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


def test_no_more_calls_are_under_way_than_there_are_places() -> None:
    # given
    circuit, done = Circuit("erp", places=2), threading.Event()

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


def test_after_failures_in_a_row_it_is_left_alone_and_then_asked_by_one_call() -> None:
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


def test_it_is_left_alone_ever_longer_while_it_goes_on_failing() -> None:
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


def test_a_refusal_is_an_answer() -> None:
    circuit = Circuit("erp")
    for _ in range(5):
        with pytest.raises(MessageRefused), circuit.call():
            raise MessageRefused("unknown_order")

    with circuit.call():
        pass


def test_who_asks_for_a_pause_is_left_alone_for_so_long() -> None:
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


def test_what_was_under_way_when_it_is_left_alone_lengthens_no_pause() -> None:
    # given five calls at once, none of which is answered
    clock = Clock()
    circuit = Circuit("erp", places=5, clock=clock)
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


def test_the_call_that_asks_whether_it_is_back_needs_no_place() -> None:
    # given calls without an end in all places, since before it was left alone
    clock = Clock()
    circuit = Circuit("erp", places=4, clock=clock)
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


def test_those_who_were_sent_away_come_back_spread_over_time() -> None:
    # given
    circuit = Circuit("erp", clock=Clock())
    for _ in range(3):
        fail(circuit)

    # when
    waits = []
    for _ in range(1_000):
        with pytest.raises(PartnerSilent) as told, circuit.call():
            pass
        waits.append(told.value.retry_after)

    # then none comes before the next call that asks, and no second sees more than a few of them
    assert min(waits) >= FIRST_PAUSE_SECONDS
    assert max(Counter(int(wait) for wait in waits).values()) < 100


def test_all_clients_of_a_partner_share_its_places() -> None:
    circuits = Circuits()

    assert circuits.of("erp", places=6) is circuits.of("erp")
    assert circuits.of("erp") is not circuits.of("crm")


def test_a_carrier_that_does_not_answer_the_tms_is_left_alone_by_itself() -> None:
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


def test_the_figures_say_who_does_not_answer() -> None:
    # given
    circuits, registry = Circuits(), CollectorRegistry()
    registry.register(CircuitMetrics(circuits))
    for _ in range(3):
        fail(circuits.of("wms"))
    with pytest.raises(PartnerSilent), circuits.of("wms").call():
        pass

    # when / then
    with circuits.of("tms").call():
        told = generate_latest(registry).decode()
    assert 'baton_partner_silent{partner="wms"} 1.0' in told
    assert 'baton_partner_silent{partner="tms"} 0.0' in told
    assert 'baton_partner_calls{partner="tms"} 1.0' in told
    assert 'baton_partner_failures_total{partner="wms"} 3.0' in told
    assert 'baton_partner_sent_away_total{partner="wms"} 1.0' in told
