"""Random orders to source, from one seed: places and receivers all over China, with calendars, capacities and stock."""

from collections.abc import Mapping
from datetime import UTC, datetime, time
from random import Random

from domain.calendars import Calendar
from domain.freight import read_rates
from domain.parameters import Carrier
from domain.sourcing.candidates import Wanted
from domain.sourcing.decision import Basis
from domain.sourcing.eligibility import consider
from domain.sourcing.outlook import Outlook
from domain.sourcing.places import Place, SourcingRequest
from domain.sourcing.provinces import CAPITALS
from domain.sourcing.weights import Handling, Weights

SKUS = 40
NOW = datetime(2026, 11, 17, 8, 30, tzinfo=UTC)
"""A Tuesday afternoon in China, after some cut-offs and before others."""
WEIGHTS = Weights(processing={"warehouse": Handling(150, 20), "store": Handling(400, 60), "supplier": Handling(300, 0)})
FAR = ["CN/新疆维吾尔自治区", "CN/西藏自治区", "CN/青海省", "CN/内蒙古自治区"]
CUT_OFFS = (14, 16, 18, 20)


def _zone(name: str, to: list[str], first: str, step: str, days: int) -> dict[str, object]:
    return {
        "name": name,
        "from": ["*"],
        "to": to,
        "first_grams": 1_000,
        "first": first,
        "step_grams": 1_000,
        "step": step,
        "days": days,
    }


def _rates(*zones: dict[str, object]) -> dict[str, object]:
    return {"currency": "CNY", "divisor": 6_000, "zones": list(zones)}


RATES = read_rates(
    {
        "FAST": _rates(
            _zone("same province", ["="], "13.00", "2.00", 1),
            _zone("far away", FAR, "26.00", "21.00", 4),
            _zone("across the country", ["CN"], "18.00", "7.00", 2),
        ),
        "CHEAP": _rates(
            _zone("same province", ["="], "9.00", "2.00", 2),
            _zone("far away", FAR, "24.00", "16.00", 7),
            _zone("across the country", ["CN"], "12.00", "5.00", 4),
        ),
    }
)
CHINA, NO_DANGER = frozenset({"CN"}), frozenset[str]()
CARRIERS = tuple(Carrier(name, CHINA, frozenset(), NO_DANGER) for name in RATES)


class Shop:
    """Random places and the grams of each SKU, from which orders with stock are drawn."""

    def __init__(self, rng: Random, places: int) -> None:
        self._rng = rng
        self.places = {place.location_id: place for place in (_place(rng, number) for number in range(places))}
        used = {name: rng.randrange(place.capacity or 1) for name, place in self.places.items()}
        self.outlook = Outlook(NOW, WEIGHTS, CARRIERS, RATES, used=used)
        self._grams = {f"SKU-{number:02}": rng.randint(50, 3_000) for number in range(SKUS)}

    def order(self, lines: int, depth: float) -> Basis:
        """Draw an order of `lines` SKUs; each place has each of them with a probability of `depth`."""
        rng = self._rng
        skus = rng.sample(sorted(self._grams), lines)
        wanted = Wanted({sku: rng.choice((1, 1, 1, 2, 3)) for sku in skus}, self._grams)
        asked = SourcingRequest(wanted, "CN", rng.choice(sorted(CAPITALS)[:31]))
        found = consider(asked, self._stock(skus, depth), self.places, self.outlook)
        return Basis(wanted, found, WEIGHTS)

    def _stock(self, skus: list[str], depth: float) -> Mapping[str, Mapping[str, int]]:
        """Units by place; the first place has a few of everything, so that nothing is short."""
        rng = self._rng
        stock = {name: {sku: rng.randint(1, 6) for sku in skus if rng.random() < depth} for name in self.places}
        first = next(iter(self.places))
        return stock | {first: dict.fromkeys(skus, 3)}


def _place(rng: Random, number: int) -> Place:
    province = rng.choice(sorted(CAPITALS)[:31])
    _, latitude, longitude = CAPITALS[province]
    days = frozenset({1, 2, 3, 4, 5, 6, 7} if rng.random() < 0.6 else {1, 2, 3, 4, 5})
    return Place(
        f"PLACE-{number:03}",
        rng.choice(("warehouse", "warehouse", "store")),
        "CN",
        province,
        point=(latitude + rng.uniform(-1, 1), longitude + rng.uniform(-1, 1)),
        calendar=Calendar("Asia/Shanghai", time(rng.choice(CUT_OFFS)), days, "CN", frozenset()),
        capacity=rng.randint(200, 2_000),
    )
