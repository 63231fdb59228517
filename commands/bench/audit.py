"""`baton bench audit`: committed audits a second in one process, with fifty rules of staff in force."""

import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from activities.audit import Audit, AuditRequest
from commands.bench.flow import free_ports
from commands.bench.shop import order_body, shop_for
from commands.bench.speed import Speed
from commands.seed import stock_shop
from embedded.environment import choose_ports, environment
from embedded.garbage import collect_rarely
from embedded.postgres import EmbeddedPostgres
from embedded.services import Service
from integrations.channels import plain
from integrations.partners import connect_partners
from models.database import Sessions, open_database, sessions
from models.schema import migrate
from record.orders.rows import new_order
from record.orders.writer import OrderWriter
from record.parameters import ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.rules.versions import Draft, activate, save_draft
from settings import Settings

RULES = 50
THREADS = 8
"""Audits at a time: while one waits for the gateway or the disk, another one computes."""
WARM_UP = 50
BATCH = 200
PARTS = 4

HOLD = {"type": "hold", "reason": "never in this bench", "owner_role": "staff"}
KINDS: Sequence[tuple[str, dict[str, Any]]] = (
    ("order.total > {}00.0 && buyer.orders == 0 && buyer.canceled > 3", HOLD),
    ("order.lines.exists(line, line.sku == 'NO-LAMP-{}' && line.quantity >= 2)", HOLD),
    ("order.ship_to.country == 'CN' && order.ship_to.province.startsWith('{}')", HOLD),
    ("order.lines.all(line, line.product.weight_grams > {}0000)", HOLD),
    ("order.units > {} && order.channel == 'web' && size(order.tags) > 2", {"type": "set_priority", "priority": 10}),
)
"""Rules like those of shops; an ordinary order matches none."""

Progress = Callable[[int], object]


@dataclass(frozen=True)
class AuditFigures:
    """`cpu_ms_per_audit` is that of the auditing process; `accepted` counts the orders that passed, which is all.

    `audits_per_1000_loops` is how many are done in the time in which one core runs a thousand of the loops of Speed.
    """

    audits_per_s: float
    audits_per_1000_loops: float
    cpu_ms_per_audit: float
    rules: int
    orders: int
    accepted: int


class Rejected(RuntimeError):
    """An order did not pass, so the work of ordinary orders was not measured."""


def measure_audit(orders: int, progress: Progress, speed: Speed) -> AuditFigures:
    """Audit `orders` recorded orders with a PostgreSQL and a gateway simulator of its own, from the main thread."""
    with ExitStack() as closing:
        directory = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="baton-bench-")))
        postgres = EmbeddedPostgres(directory)
        closing.callback(postgres.stop)
        postgres.start()
        settings = _gateway(closing, directory, postgres.url)
        engine = open_database(postgres.url, connections=THREADS)
        closing.callback(engine.dispose)
        migrate(engine)
        record = sessions(engine)
        names = _prepare(record, WARM_UP + orders)
        payments = connect_partners(settings).quick_payments
        audit = Audit(record, payments, ParameterCache(), StaffRules(Confined()), timedelta(minutes=10))
        # As in the worker.
        collect_rarely()
        gc.freeze()
        runs = _audit_all(audit, names, progress, speed)
    seconds, cpu = (sum(part) for part in zip(*runs, strict=True))
    a_second = orders / seconds
    return AuditFigures(
        round(a_second, 1),
        round(a_second * speed.loop_ms, 1),
        round(1000 * cpu / orders, 2),
        RULES,
        orders,
        accepted=orders,
    )


def _audit_all(audit: Audit, names: Sequence[str], progress: Progress, speed: Speed) -> list[tuple[float, float]]:
    """Audit in a few parts, with a look at the machine's speed after each. Return the seconds and CPU of each part."""
    runs, done = [], 0
    with ThreadPoolExecutor(THREADS) as threads:
        list(threads.map(lambda name: audit.audit_order(AuditRequest(name, 1)), names[:WARM_UP]))
        for part in range(PARTS):
            began, cpu = time.perf_counter(), time.process_time()
            for result in threads.map(
                lambda name: audit.audit_order(AuditRequest(name, 1)), names[WARM_UP + part :: PARTS]
            ):
                if result.verdict != "pass":
                    raise Rejected(f"an audit said {result.verdict}: {', '.join(result.open.codes) or result.reason}")
                done += 1
                progress(done)
            runs.append((time.perf_counter() - began, time.process_time() - cpu))
            speed.look()
    return runs


def _gateway(closing: ExitStack, directory: Path, database_url: str) -> Settings:
    """Start the simulators and return settings that reach them."""
    ports = choose_ports(free_ports(), {})
    env = environment(directory, database_url, ports, 0, {})
    url = f"http://127.0.0.1:{ports['simulators']}"
    command = [sys.executable, "-m", "uvicorn", "simulators.app:create_app", "--factory"]
    command += ["--port", str(ports["simulators"]), "--no-access-log", "--log-level", "warning"]
    service = Service("simulators", command, data_dir=directory, env=env, address=url, health_url=f"{url}/healthz")
    closing.callback(service.stop)
    service.start()
    service.wait_ready()
    names = ("wms", "tms", "payments", "erp", "crm", "channel", "inbox")
    partners: dict[str, Any] = {
        name: {"url": f"{url}/{name}", "secret": env[f"BATON_{name.upper()}__SECRET"]} for name in names
    }
    key = env["BATON_SECRETS_KEY"]
    return Settings(_env_file=None, database_url=database_url, data_dir=directory, secrets_key=key, **partners)


def _prepare(record: Sessions, orders: int) -> list[str]:
    """Write the shop, the rules and the orders; return the ids of the orders."""
    with record.begin() as session:
        stock_shop(session, shop_for(orders))
        drafts = [
            Draft(f"rule-{number}", expression.format(number + 1), action)
            for number, (expression, action) in enumerate(_rules())
        ]
        activate(session, save_draft(session, drafts, None, "the bench", "bench"), "bench", "the bench", force=True)
    bodies = [order_body(f"AUDIT-{number:07}", number) for number in range(orders)]
    new = [new_order(plain.translate(body).order, "bench") for body in bodies]
    writer = OrderWriter(record)
    for first in range(0, len(new), BATCH):
        writer(new[first : first + BATCH])
    return [order.order_id for order in new]


def _rules() -> Iterator[tuple[str, dict[str, Any]]]:
    for number in range(RULES):
        yield KINDS[number % len(KINDS)]
