"""All simulated partners and platforms as one ASGI app, each a path.

python -m uvicorn simulators.app:create_app --factory --host 127.0.0.1 --port 8090
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from simulators.couriers import Couriers
from simulators.crm import Crm
from simulators.desk import Desk
from simulators.erp import Erp
from simulators.gate import Gate
from simulators.listings import Listings
from simulators.messages import Mailbox
from simulators.mood import Mood
from simulators.payments import Payments
from simulators.qimen import Qimen
from simulators.settings import PARTNERS, SimulatorSettings
from simulators.shelf import Shelf
from simulators.shipments import Shipments
from simulators.shopify import Shopify
from simulators.shopify_fulfillments import ShopifyFulfillments
from simulators.shopify_stock import ShopifyStock
from simulators.statements import Statements
from simulators.taobao import Taobao
from simulators.taobao_sends import TaobaoSends
from simulators.tms import Tms
from simulators.tms_returns import TmsReturns
from simulators.wms import Wms
from simulators.wms_counts import WmsCounts
from simulators.wms_returns import WmsReturns
from simulators.world import World


def create_app(settings: SimulatorSettings | None = None) -> Starlette:
    """Partners who know nothing yet. Without settings they are read from the environment."""
    settings = settings or SimulatorSettings.from_environment()
    moods = {partner: Mood() for partner in PARTNERS}
    world = World(settings, moods)
    desks = {partner: Desk(settings.secrets[partner], moods[partner]) for partner in PARTNERS}
    wms = Wms(world, desks["wms"])
    tms = Tms(world, desks["tms"], wms)
    mailbox = Mailbox(desks["channel"])
    qimen = Qimen(world, wms, settings.callback_url)
    shopify, taobao = Shelf(desks["channel"]), Shelf(desks["channel"])
    routes = {
        "qimen": qimen.routes(),
        "wms": [
            *wms.routes(),
            *WmsReturns(world, desks["wms"], wms.stockroom).routes(),
            *WmsCounts(world, desks["wms"], wms.stockroom).routes(),
        ],
        "tms": [*tms.routes(), *Couriers(desks["tms"], tms).routes(), *TmsReturns(world, desks["tms"]).routes()],
        "payments": Payments(world, desks["payments"]).routes(),
        "erp": Erp(world, desks["erp"]).routes(),
        "crm": Crm(world, desks["crm"]).routes(),
        "inbox": Mailbox(desks["inbox"]).routes(),
        "channel": [
            *mailbox.routes(),
            *Statements(desks["channel"], {"messages": mailbox.statement}).routes(),
            *Listings(desks["channel"]).routes(),
            *Shipments(desks["channel"]).routes(),
        ],
        # Platforms that are asked in their own words: nobody shares a secret of ours with them.
        "shopify": [
            *(Shopify(shopify).routes() + ShopifyFulfillments(shopify).routes()),
            *ShopifyStock(Listings(desks["channel"])).routes(),
        ],
        "taobao": Taobao(taobao, TaobaoSends(taobao)).routes(),
    }

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await world.close()
        await qimen.close()

    mounts = [
        Mount(f"/{name}", app=Gate(desks[name], each)) if name in desks else Mount(f"/{name}", routes=each)
        for name, each in routes.items()
    ]
    return Starlette(routes=[Route("/healthz", _health), *mounts], lifespan=lifespan)


async def _health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "up"})
