"""One partner's trouble stays its own: few threads wait for it, and it is left alone while it only fails."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from domain.errors import CallLimited, MessageRefused, PartnerTrouble
from integrations.circuit import Circuit


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
    with pytest.raises(PartnerTrouble, match="left alone"), circuit.call():
        pass
    clock.now += 5
    with circuit.call(), pytest.raises(PartnerTrouble, match="left alone"), circuit.call():
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
        with pytest.raises(PartnerTrouble, match="left alone"), circuit.call():
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
    with pytest.raises(PartnerTrouble, match="left alone"), circuit.call():
        pass
    clock.now += 1
    with circuit.call():
        pass
