"""Build every step and undo of a worker, each with what it needs."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from activities.allocate import Allocate
from activities.at_once import MadeAllocations
from activities.audit import Audit
from activities.bulks import Acts, Bulks
from activities.capturing import Captures
from activities.carrier_claims import CarrierClaims
from activities.deliver import Deliver
from activities.editing import Edits
from activities.elsewhere import Elsewhere
from activities.exports import Exports, Lists
from activities.follow_ups import FollowUps
from activities.holds import Holds
from activities.inquiries import Inquiries, Silence
from activities.lead_times import LeadTimes
from activities.merge import Merge
from activities.notify import Notify
from activities.outcome import Outcome
from activities.payment_links import PaymentLinks
from activities.payments import Refunds
from activities.pick import Pick
from activities.pickup import Pickups
from activities.progress import ProgressReports
from activities.pull import Pull
from activities.push import Push
from activities.reconcile import Reconcile
from activities.redeliver import LINGERING, Redeliver
from activities.refund_ways import RefundWays
from activities.reroute import Rerouting
from activities.reserve import Reserve
from activities.return_labels import ReturnLabels
from activities.return_refunds import ReturnRefunds
from activities.return_reports import ReturnProgress
from activities.return_requests import ReturnRequests
from activities.returns import Returns
from activities.settlement import Settlement
from activities.ship import Ship
from activities.shortages import Shortages
from activities.statements import StatementSteps
from activities.withdraw import Withdraw
from integrations.partners import Partners
from models.database import Sessions
from record.caches import Caches
from record.comparing.silent_parcels import SilentParcels
from record.comparing.silent_work import SilentWork
from record.messages.letters import Letters
from settings import Settings


def message_steps(
    settings: Settings, record: Sessions, partners: Partners, caches: Caches
) -> Sequence[Callable[..., Any]]:
    """Return the steps that tell subscribers and partners, apart from all orders."""
    deliver = Deliver(record, settings.subscriptions_private)
    links = settings.track_links if settings.public_url else None
    letters = Letters(
        record, partners.inboxes, caches.parameters, caches.accounts, partners.circuits, partners.ways, links
    )
    return (deliver.deliver_batch, Redeliver(record, letters, LINGERING).redeliver_batch)


class ErrandContext(Acts, Lists, Protocol):
    """The API inside of this process (api/inside.py)."""


def errand_steps(settings: Settings, record: Sessions, api: ErrandContext) -> Sequence[Callable[..., Any]]:
    """Return the steps of long work that staff ask for, apart from all orders."""
    bulks = Bulks(record, api, settings.bulk_rate)
    return (bulks.act_on_batch, Exports(record, api, settings.exports_folder).write_export)


def all_steps(settings: Settings, record: Sessions, partners: Partners, caches: Caches) -> Sequence[Callable[..., Any]]:
    """Return every step and undo of orders, returns and channels."""
    parameters, outlooks = caches.parameters, caches.outlooks
    at_once = MadeAllocations(record)
    rules, window = caches.staff_rules, settings.duplicate_window
    audit = Audit(record, partners.quick_payments, parameters, rules, window, outlooks, at_once)
    holds, outcome = Holds(record, parameters), Outcome(record)
    reserve, allocate = Reserve(record, outlooks, at_once), Allocate(record, outlooks, at_once)
    withdraw = Withdraw(record)
    pick, progress = Pick(record, partners.wms), ProgressReports(record, parameters)
    ship = Ship(record, partners.tms, settings.gs1_company_prefix, parameters)
    claims, rerouting = CarrierClaims(record, parameters), Rerouting(record, partners.tms)
    circuits, elsewhere = partners.circuits, Elsewhere(record)
    ways = RefundWays(record, partners.payments, parameters, caches.accounts, circuits)
    merge, shortages = Merge(record), Shortages(record, ways)
    refunds, notify = Refunds(record, ways), Notify(record)
    requests, returns = ReturnRequests(record, parameters), Returns(record, partners.wms)
    links = PaymentLinks(record, partners.payments)
    labels, follow_ups = ReturnLabels(record, partners.tms), FollowUps(record, outlooks, caches.parameters)
    pull, reconcile = Pull(record, circuits), Reconcile(record, circuits)
    qimen = settings.qimen.warehouses if settings.qimen else ()
    statements = StatementSteps(record, partners.statements, settings.statements, list(qimen))
    silences: dict[str, Silence] = {
        "wms": SilentWork(record, partners.wms, qimen),
        "tms": SilentParcels(record, partners.tms),
    }
    inquiries = Inquiries(record, partners.inquiry_statements, silences, settings.inquiries)
    return (
        audit.audit_order,
        holds.raise_hold,
        holds.release_hold,
        holds.expire_holds,
        Edits(record, outlooks).make_edit,
        links.tell_links,
        links.ask_for_charge,
        Captures(record, partners.payments).capture_goods,
        reserve.reserve_stock,
        reserve.release_stock,
        allocate.allocate_stock,
        allocate.deallocate_stock,
        withdraw.withdraw_lines,
        elsewhere.take_elsewhere,
        elsewhere.sell_at_counter,
        pick.release_to_pick,
        pick.recall_pick,
        Pickups(record).make_ready,
        ship.book_shipment,
        ship.void_waybill,
        ship.free_parcel,
        ship.intercept_parcel,
        claims.take_up,
        claims.make_good,
        rerouting.reroute_parcel,
        rerouting.settle_correction,
        merge.join_merge,
        merge.look_at_merge,
        merge.leave_merge,
        progress.record_progress,
        refunds.refund_order,
        Settlement(record, ways).settle_payment,
        shortages.propose,
        shortages.decide_shortage,
        shortages.repay_lines,
        notify.notify,
        outcome.end_order,
        outcome.raise_alert,
        requests.open_return,
        requests.decide_return,
        returns.record_goods,
        returns.announce_return,
        ReturnRefunds(record, ways, partners.crm, parameters).refund_return,
        labels.book_label,
        labels.void_label,
        follow_ups.place_follow_up,
        follow_ups.send_follow_up,
        follow_ups.drop_follow_up,
        returns.end_return,
        returns.ask_attention,
        ReturnProgress(record).record_return,
        pull.pull_page,
        pull.fetch_waiting,
        reconcile.open_comparison,
        reconcile.compare_page,
        reconcile.fetch_missing,
        statements.open_statement,
        statements.read_page,
        statements.find_missing,
        statements.look_again,
        statements.mend_differences,
        inquiries.ask_after,
        Push(record, circuits).push_batch,
        LeadTimes(record).learn_lead_times,
    )
