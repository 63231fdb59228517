"""`baton bench stock`: claims of hot and of many SKUs."""

from collections.abc import Callable
from typing import Any

import pytest

from commands.bench import claim_record, stock


def test_it_prints_one_json_object_of_hot_and_spread_claims(
    bench: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock, "WARM_UP", 10)
    monkeypatch.setattr(stock, "SPREAD", claim_record.SPREAD[:100])
    monkeypatch.setattr(claim_record, "SPREAD", claim_record.SPREAD[:100])

    figures = bench("stock", "--share", "0.02")

    assert list(figures) == ["hot", "spread", "loop_ms", "scaled"]
    assert list(figures["hot"]) == list(figures["spread"]) == ["1", "16", "64"]
    for one in [*figures["hot"].values(), *figures["spread"].values()]:
        assert one.keys() == {"claims_per_s", "p50_ms", "p99_ms", "naive_claims_per_s", "ratio"}
        assert 0 < one["p50_ms"] <= one["p99_ms"]
