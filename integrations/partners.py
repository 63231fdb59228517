"""The partners' clients, one a partner, made from the settings."""

from dataclasses import dataclass
from datetime import timedelta

from domain.milestones import RECIPIENTS
from integrations.crm import Crm
from integrations.http import PartnerHttp
from integrations.messages import MessageInbox
from integrations.payments import Payments
from integrations.qimen import QimenWms
from integrations.statements import Statements
from integrations.tms import Tms
from integrations.warehouses import Warehouses
from integrations.wms import Warehouse, Wms
from settings import Partner, Settings

# An audit runs inside the order's task, so a slow gateway is a hold that is looked at again, not a wait.
QUICK = timedelta(seconds=2)


@dataclass(frozen=True)
class Partners:
    wms: Warehouse
    tms: Tms
    payments: Payments
    quick_payments: Payments
    crm: Crm
    inboxes: dict[str, MessageInbox]
    statements: dict[str, Statements]
    """Of those who list what they know."""


def connect_partners(settings: Settings) -> Partners:
    """One client a partner, with its own time limit."""

    def http(name: str, timeout: timedelta | None = None) -> PartnerHttp:
        partner: Partner = getattr(settings, name)
        limit = min(timeout or partner.timeout, partner.timeout)
        return PartnerHttp(name, partner.url, partner.secret.get_secret_value(), limit.total_seconds())

    return Partners(
        wms=Warehouses(Wms(http("wms")), _speaking_qimen(settings)),
        tms=Tms(http("tms")),
        payments=Payments(http("payments")),
        quick_payments=Payments(http("payments", QUICK)),
        crm=Crm(http("crm")),
        inboxes={name: MessageInbox(http(name), getattr(settings, name).give_up_after) for name in RECIPIENTS},
        statements={name: Statements(http(name)) for name in settings.statements.partners},
    )


def _speaking_qimen(settings: Settings) -> dict[str, Warehouse]:
    """By location; they share one client."""
    if settings.qimen is None:
        return {}
    return dict.fromkeys(settings.qimen.warehouses, QimenWms(settings.qimen))
