"""Figures by the speed of the machine."""

from commands.bench.speed import REFERENCE_LOOP_MS, Speed, scaled


def test_rates_and_times_are_scaled_and_nothing_else_is() -> None:
    figures = {
        "orders": 4,
        "ratio": 0.4,
        "orders_per_s": 10.0,
        "cpu_ms_per_order": {"worker": 100.0},
        "carried_per_s": None,
        "spaced": {"orders_per_s": 5.0, "upserts": 4},
        "speed": [{"lines": 3, "fast_per_s": 7.0}],
        "accepted_to_told": {"p50_s": 3.0},
    }

    # a machine that takes twice as long as the reference core
    assert scaled(figures, 2 * REFERENCE_LOOP_MS) == {
        "orders_per_s": 20.0,
        "cpu_ms_per_order": {"worker": 50.0},
        "spaced": {"orders_per_s": 10.0},
        "speed": [{"lines": 3, "fast_per_s": 14.0}],
    }


def test_every_bench_prints_the_speed_of_the_machine() -> None:
    speed = Speed()
    speed.look()

    printed = speed.add_to({"audits_per_s": 100.0})

    assert printed["loop_ms"] == speed.loop_ms > 0
    assert printed["scaled"] == {"audits_per_s": round(100 * speed.loop_ms / REFERENCE_LOOP_MS, 3)}
