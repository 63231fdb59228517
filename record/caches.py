"""What a process keeps of PostgreSQL and reads again every few seconds. Built once a process and passed in."""

from dataclasses import dataclass

from models.database import Sessions
from record.channels.account_cache import AccountCache
from record.parameters import LIFETIME_SECONDS, ParameterCache
from record.rules.confined import Confined
from record.rules.staff_rules import StaffRules
from record.sourcing.exact import solve_exactly
from record.sourcing.outlooks import OutlookCache


@dataclass(frozen=True)
class Caches:
    parameters: ParameterCache
    outlooks: OutlookCache
    accounts: AccountCache
    staff_rules: StaffRules


def build_caches(sessions: Sessions, parameter_seconds: float = LIFETIME_SECONDS) -> Caches:
    """The caches of one process; parameters are read again after `parameter_seconds`."""
    parameters = ParameterCache(parameter_seconds)
    outlooks = OutlookCache(parameters, solve_exactly)
    return Caches(parameters, outlooks, AccountCache(sessions), StaffRules(Confined()))
