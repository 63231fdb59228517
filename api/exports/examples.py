"""Examples of exports for the OpenAPI document."""

from typing import Any

EXPORT_ID = "exp_01JGQW8Z5X3M7Q9R2T4V6Y8ZBC"
SENT: dict[str, Any] = {
    "name": "late-orders",
    "list": "orders",
    "filter": {"channel": "tmall", "attention": "true"},
    "cron": "30 6 * * 1-5",
    "zone": "Asia/Shanghai",
    "target": {"kind": "folder", "folder": "finance/daily"},
}
RUN: dict[str, Any] = {
    "run_id": 17,
    "due_at": "2026-01-05T22:30:00Z",
    "started_at": "2026-01-05T22:30:01Z",
    "ended_at": "2026-01-05T22:30:09Z",
    "state": "done",
    "tries": 1,
    "file": "late-orders-2026-01-06-0630.csv",
    "bytes": 18_204,
    "problem": "",
}
EXPORT: dict[str, Any] = {
    "export_id": EXPORT_ID,
    **SENT,
    "format": "csv",
    "by": "Mo the manager",
    "created_at": "2026-01-04T09:30:00Z",
    "last_run": RUN,
}
EXPORTS = {"items": [EXPORT], "next_cursor": None}
RUNS = {"items": [RUN], "next_cursor": None}
DELETED = {"export_id": EXPORT_ID, "answer": "deleted"}
ASKED = {"export_id": EXPORT_ID, "answer": "asked"}
