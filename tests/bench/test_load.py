"""The load generator sends orders that the API takes, and counts the answers."""

import json

from api.app import create_app
from api.orders.schemas import OrderBody
from commands.bench.load import Load, _requests, fire
from commands.keys import create_key
from models.database import Sessions
from models.order import OrderRow
from settings import Settings
from tests.integrations.servers import serving


def test_a_load_has_distinct_orders_that_the_api_reads() -> None:
    load = Load("http://127.0.0.1:9", "key", "store", "TEST", orders=40, seconds=1, batch=20)
    requests = list(_requests(load))
    bodies = [json.loads(request.partition(b"\r\n\r\n")[2]) for request in requests]
    orders = [OrderBody.model_validate_json(json.dumps(order)).to_order() for body in bodies for order in body]
    assert len({(order.channel_order_id, order.customer_id, order.payment_reference) for order in orders}) == 40
    assert {order.channel for order in orders} == {"store"}
    assert all(order.grand_total == order.sum_of_parts for order in orders)


async def test_every_order_of_a_load_is_taken(settings: Settings, sessions: Sessions) -> None:
    key = create_key(sessions, "bench", "staff")
    with serving(create_app(settings)) as url:
        fired = await fire(Load(url, key, "store", "TEST", orders=50, seconds=30, connections=4))
    assert fired.orders == 50
    assert 0 < fired.p50_ms <= fired.p99_ms
    with sessions() as session:
        assert session.query(OrderRow).count() == 50
