"""Examples of sourcing decisions and trials; tests compare them with their types."""

from typing import Any

from api.examples import ORDER_ID

REASON = "balanced: SHANGHAI has all, costs 21.31, 30 h and 1 km to the door; next GUANGZHOU for 28.14"
_RATE = {"first": 1300, "first_grams": 1000, "step": 200, "step_grams": 1000}
CANDIDATE: dict[str, Any] = {
    "location_id": "SHANGHAI",
    "available": {"ELEGANT-LAMP": 1000},
    "kind": "warehouse",
    "priority": 100,
    "kilometers": 0.9,
    "carrier": "SF Express",
    "rate": _RATE,
    "hours": 30.2,
    "spread": 6.0,
    "load": 0.1,
}
DECISION: dict[str, Any] = {
    "round": 2,
    "at": "2026-03-01T08:00:00Z",
    "policy": "balanced",
    "solved": "fast",
    "reason": REASON,
    "cost_minor": 2131,
    "currency": "CNY",
    "hours": 30.2,
    "late": False,
    "assignments": {"SHANGHAI": {"ELEGANT-LAMP": 1}},
    "scores": [
        {
            "location_id": "SHANGHAI",
            "whole": True,
            "units": 1,
            "terms": {"freight": 1300, "processing": 170, "load": 3, "lead_time": 242, "late": 0},
            "total": 1715,
        }
    ],
    "excluded": {"NINGBO": "its day is full: 400 of 400 units"},
    "inputs": {"units": {"ELEGANT-LAMP": 1}, "grams": {"ELEGANT-LAMP": 900}, "candidates": [CANDIDATE]},
    "parameters": "5f2a90c1d3be",
    "lead_times": 12,
    "rule_set_id": 7,
}
DECISIONS = {"order_id": ORDER_ID, "decisions": [DECISION]}
TRIAL = {"orders": 500, "tries": [{"name": "fast", "weights": {"hour": 40}}, {"name": "near", "policies": ["nearest"]}]}
DONE: dict[str, Any] = {
    "cost_minor": 912_400,
    "freight_minor": 702_300,
    "parcels": 512,
    "late_share": 0.031,
    "mean_hours": 34.1,
    "load": {"GUANGZHOU": 201, "SHANGHAI": 544},
    "changed": 0,
    "examples": [],
}
OTHER = DONE | {"cost_minor": 934_100, "mean_hours": 31.7, "changed": 41, "examples": [ORDER_ID]}
TRIED = {"decisions": 500, "complete": True, "currency": "CNY", "done": DONE, "tried": {"fast": OTHER, "near": OTHER}}
