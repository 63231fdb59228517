"""`baton bench trace` measures each part of the proof, and leaves a valid log."""

from commands.bench.orders import OrderLoad
from commands.bench.side import Side
from commands.bench.trace import prove
from models.database import Sessions
from record import journal
from record.trail.proving import links
from tests.factories import an_order, place_orders

STORY = ("order.received", "order.accepted", "order.completed")


def test_each_part_of_the_proof_is_compared_with_the_cost_of_an_order(sessions: Sessions) -> None:
    # given three orders with three facts each, of which four came a second and each cost a worker 100 ms
    for order_id in place_orders(sessions, [an_order() for _ in range(3)]):
        for event in STORY:
            with sessions.begin() as session:
                journal.append_fact(session, order_id, event, event)
    load = OrderLoad("http://127.0.0.1:9", sessions)
    side = Side("orders", load, {}, done=3, seconds=0.75, cpu={"worker": 0.3, "client": 9.0, "simulators": 9.0})

    # when
    figures = prove(sessions, side)

    # then
    assert (figures.orders, figures.facts_per_order, figures.facts_at_a_time) == (3, 3.0, 6)
    parts = figures.sealing_cpu_ms, figures.signing_cpu_ms, figures.proving_cpu_ms
    assert figures.flow_cpu_ms == 100.0
    assert 0 < figures.sealing_cpu_ms < 100
    assert abs(figures.ratio - sum(parts) / 100) < 0.001
    with sessions() as session:
        assert [link.position for link in links(session)] == [1, 2, 3] * 3
