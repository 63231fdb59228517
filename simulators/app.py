"""All simulated partners and platforms as one ASGI app, each under its own path.

python -m uvicorn simulators.app:create_app --factory --host 127.0.0.1 --port 8090
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from simulators.carrier_apis import CarrierApis
from simulators.channel_refunds import ChannelRefunds
from simulators.crm import Crm
from simulators.disputes import Disputes
from simulators.douyin import Douyin
from simulators.douyin_parcels import DouyinParcels
from simulators.endpoints import Body, Endpoints
from simulators.erp import Erp
from simulators.jd import Jd
from simulators.listings import Listings
from simulators.messages import Mailbox
from simulators.payments import Payments
from simulators.platform_state import PlatformState
from simulators.qimen import Qimen
from simulators.settings import PARTNERS, SimulatorSettings
from simulators.shapes import seconds
from simulators.shipments import Shipments
from simulators.shopify import Shopify
from simulators.shopify_fulfillments import ShopifyFulfillments
from simulators.shopify_refunds import ShopifyRefunds
from simulators.shopify_stock import ShopifyStock
from simulators.statements import Statements
from simulators.taobao import Taobao
from simulators.taobao_sends import TaobaoSends
from simulators.template_messages import TemplateGateway
from simulators.tms import Tms
from simulators.tms_returns import TmsReturns
from simulators.trouble_injector import TroubleInjector
from simulators.trouble_state import TroubleState
from simulators.wechat import Wechat
from simulators.wechat_parcels import WechatParcels
from simulators.wms import Wms
from simulators.wms_counts import WmsCounts
from simulators.wms_returns import WmsReturns
from simulators.world import World


def create_app(settings: SimulatorSettings | None = None) -> Starlette:
    """Build the app with empty partners. Without `settings` they are read from the environment."""
    settings = settings or SimulatorSettings.from_environment()
    trouble_states = {partner: TroubleState() for partner in PARTNERS}
    world = World(settings, trouble_states)
    endpoints_of = {partner: Endpoints(settings.secrets[partner], trouble_states[partner]) for partner in PARTNERS}
    wms = Wms(world, endpoints_of["wms"])
    tms = Tms(world, endpoints_of["tms"], wms)
    mailbox = Mailbox(endpoints_of["channel"])
    qimen = Qimen(world, wms, settings.callback_url)
    shopify, taobao, douyin, jd, wechat = (PlatformState(endpoints_of["channel"]) for _ in range(5))
    routes = {
        "qimen": qimen.routes(),
        "wms": [
            *wms.routes(),
            *WmsReturns(world, endpoints_of["wms"], wms.stockroom).routes(),
            *WmsCounts(world, endpoints_of["wms"], wms.stockroom).routes(),
        ],
        "tms": [
            *tms.routes(),
            *CarrierApis(endpoints_of["tms"], tms).routes(),
            *TmsReturns(world, endpoints_of["tms"]).routes(),
        ],
        "payments": [
            *Payments(world, endpoints_of["payments"]).routes(),
            *Disputes(world, endpoints_of["payments"]).routes(),
        ],
        "erp": Erp(world, endpoints_of["erp"]).routes(),
        "crm": Crm(world, endpoints_of["crm"]).routes(),
        "inbox": [*Mailbox(endpoints_of["inbox"]).routes(), *TemplateGateway(endpoints_of["inbox"]).routes()],
        "channel": [
            *mailbox.routes(),
            *Statements(endpoints_of["channel"], {"messages": mailbox.statement}).routes(),
            *Listings(endpoints_of["channel"]).routes(),
            *Shipments(endpoints_of["channel"]).routes(),
            *ChannelRefunds(endpoints_of["channel"]).routes(),
        ],
        # Platforms have their own formats and credentials, so they share no secret with Baton.
        "shopify": [
            *(Shopify(shopify).routes() + ShopifyFulfillments(shopify).routes()),
            *ShopifyStock(Listings(endpoints_of["channel"])).routes(),
            *ShopifyRefunds(shopify).routes(),
        ],
        "taobao": Taobao(taobao, TaobaoSends(taobao)).routes(),
        "douyin": Douyin(douyin, Listings(endpoints_of["channel"]), DouyinParcels(douyin)).routes(),
        "jd": Jd(jd, Listings(endpoints_of["channel"])).routes(),
        "wechat": Wechat(wechat, Listings(endpoints_of["channel"]), WechatParcels(wechat)).routes(),
    }

    def change_pace(request: Request, body: Body) -> tuple[int, Body]:
        world.change_pace(body["step_seconds"])
        return 200, body

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await world.close()
        await qimen.close()

    mounts = [
        Mount(f"/{name}", app=TroubleInjector(endpoints_of[name], each))
        if name in endpoints_of
        else Mount(f"/{name}", routes=each)
        for name, each in routes.items()
    ]
    pace = endpoints_of["wms"].control({"step_seconds": seconds}, change_pace)
    common = [Route("/healthz", _health), Route("/pace", pace, methods=["PUT"])]
    return Starlette(routes=[*common, *mounts], lifespan=lifespan)


async def _health(request: Request) -> JSONResponse:
    return JSONResponse({"status": "up"})
