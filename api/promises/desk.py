"""What a process of the API keeps for promises: the book with its read model, and the limits."""

from domain.promising import KeptKind
from models.database import Sessions
from record.parameters import ParameterCache
from record.promises.book import CartAllowance, PromiseBook
from record.promises.read_model import AGE_SECONDS, EVERY_SECONDS, OutlookReader
from record.sourcing.outlooks import OutlookCache
from settings import PromisePlan


class PromiseDesk:
    """Opens nothing before the first promise is asked for."""

    def __init__(self, sessions: Sessions, plan: PromisePlan) -> None:
        # Parameters are read whenever the outlook is.
        self._outlooks = OutlookCache(ParameterCache(EVERY_SECONDS / 2), lifetime=AGE_SECONDS)
        self._model = OutlookReader(sessions, self._outlooks)
        self._book = PromiseBook(
            sessions, self._outlooks, CartAllowance(plan.carts, plan.units, plan.share, plan.kept, plan.longest)
        )
        self._plan = plan

    @property
    def book(self) -> PromiseBook:
        """The book, with a read model at most a second old from now on."""
        self._model.used()
        return self._book

    def longest_seconds(self, held: KeptKind) -> int:
        """How long a promise of this kind may be kept at once."""
        longest = self._plan.stock_for if held is KeptKind.STOCK else self._plan.dates_for
        return int(longest.total_seconds())

    def close(self) -> None:
        self._model.stop()
