"""Every step and every undo that a worker takes, each with what it needs."""

from collections.abc import Callable, Sequence
from typing import Any

from activities.allocate import Allocate
from activities.audit import Audit
from activities.follow_ups import FollowUps
from activities.holds import Holds
from activities.merge import Merge
from activities.notify import Notify
from activities.outcome import Outcome
from activities.parameters import ParameterBook
from activities.payments import Refunds
from activities.pick import Pick
from activities.progress import ProgressReports
from activities.pull import Pull
from activities.push import Push
from activities.reconcile import Reconcile
from activities.reserve import Reserve
from activities.return_labels import ReturnLabels
from activities.return_refunds import ReturnRefunds
from activities.return_reports import ReturnProgress
from activities.return_requests import ReturnRequests
from activities.returns import Returns
from activities.ship import Ship
from activities.shortages import Shortages
from activities.withdraw import Withdraw
from integrations.partners import Partners
from models.database import Sessions
from settings import Settings


def all_steps(settings: Settings, record: Sessions, partners: Partners) -> Sequence[Callable[..., Any]]:
    """Every step and every undo, with what it needs passed in."""
    audit = Audit(record, partners.quick_payments, settings.duplicate_window)
    holds, outcome = Holds(record), Outcome(record)
    reserve, allocate, withdraw = Reserve(record), Allocate(record), Withdraw(record)
    pick, ship, progress = Pick(record, partners.wms), Ship(record, partners.tms), ProgressReports(record)
    merge, shortages = Merge(record), Shortages(record, partners.payments)
    refunds, notify = Refunds(record, partners.payments), Notify(record, partners.inboxes)
    parameters, returns = ParameterBook(), Returns(record, partners.wms)
    requests = ReturnRequests(record, parameters)
    labels, follow_ups = ReturnLabels(record, partners.tms), FollowUps(record)
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
        requests.open_return,
        requests.decide_return,
        returns.record_goods,
        returns.announce_return,
        ReturnRefunds(record, partners.payments, parameters).refund_return,
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
        Push(record).push_batch,
    )
