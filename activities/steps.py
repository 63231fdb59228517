"""Every step and every undo that a worker takes, each with what it needs."""

from collections.abc import Callable, Sequence
from typing import Any

from activities.allocate import Allocate
from activities.audit import Audit
from activities.deliver import Deliver
from activities.holds import Holds
from activities.merge import Merge
from activities.notify import Notify
from activities.outcome import Outcome
from activities.payments import Refunds
from activities.pick import Pick
from activities.progress import ProgressReports
from activities.pull import Pull
from activities.push import Push
from activities.reconcile import Reconcile
from activities.redeliver import Redeliver
from activities.reserve import Reserve
from activities.return_reports import ReturnProgress
from activities.returns import Returns
from activities.ship import Ship
from activities.shortages import Shortages
from activities.withdraw import Withdraw
from integrations.partners import Partners
from models.database import Sessions
from settings import Settings


def message_steps(settings: Settings, record: Sessions, partners: Partners) -> Sequence[Callable[..., Any]]:
    """What is sent to strangers, and again to partners, apart from all orders."""
    deliver = Deliver(record, settings.subscriptions_private)
    return (deliver.deliver_batch, Redeliver(record, partners.inboxes).redeliver_batch)


def all_steps(settings: Settings, record: Sessions, partners: Partners) -> Sequence[Callable[..., Any]]:
    """Every step and every undo, with what it needs passed in."""
    audit = Audit(record, partners.quick_payments, settings.duplicate_window)
    holds, outcome = Holds(record), Outcome(record)
    reserve, allocate, withdraw = Reserve(record), Allocate(record), Withdraw(record)
    pick, ship, progress = Pick(record, partners.wms), Ship(record, partners.tms), ProgressReports(record)
    merge, shortages = Merge(record), Shortages(record, partners.payments)
    refunds, notify = Refunds(record, partners.payments), Notify(record, partners.inboxes)
    returns = Returns(record, partners.wms, partners.payments, settings.return_window)
    pull, reconcile = Pull(record), Reconcile(record)
    return (
        audit.audit_order,
        holds.raise_hold,
        holds.release_hold,
        holds.expire_holds,
        reserve.reserve_stock,
        reserve.release_stock,
        allocate.allocate_stock,
        allocate.deallocate_stock,
        withdraw.withdraw_lines,
        pick.release_to_pick,
        pick.recall_pick,
        ship.book_shipment,
        ship.void_waybill,
        ship.intercept_parcel,
        merge.join_merge,
        merge.look_at_merge,
        merge.leave_merge,
        progress.record_progress,
        refunds.refund_order,
        shortages.propose,
        shortages.decide_shortage,
        shortages.repay_lines,
        notify.notify,
        outcome.end_order,
        outcome.raise_alert,
        returns.open_return,
        returns.record_goods,
        returns.announce_return,
        returns.refund_return,
        returns.end_return,
        returns.ask_attention,
        ReturnProgress(record).record_return,
        pull.pull_page,
        pull.fetch_waiting,
        reconcile.open_comparison,
        reconcile.compare_page,
        reconcile.fetch_missing,
        Push(record).push_batch,
    )
