"""Kept exports: when they run, what their files are called, and where they may go."""

from datetime import UTC, datetime

import pytest

from domain.exports import check_cron, check_folder, check_zone, file_name


@pytest.mark.parametrize("cron", ["0 3 * * *", "30 6 * * 1-5", "*/5 8-18 1,15 */2 0", "0,30 0/6 * * *"])
def test_a_cron_of_numbers_is_kept(cron: str) -> None:
    check_cron(cron)


@pytest.mark.parametrize(
    "cron",
    [
        *("", "* * * * *", "*/4 * * * *", "60 * * * *", "0 24 * * *", "0 3 0 * *", "0 3 * 13 *", "0 3 * * 7"),
        *("0 3 * *", "@daily", "0 5-3 * * *", "0 */0 * * *", "x 3 * * *", "0 3 * * MON", "CRON_TZ=UTC 0 3 * * *"),
        # Temporal's own reader knows these digits and blanks for none, and would refuse the schedule at every look.
        *("٥ 3 * * *", "5\u00a03 * * *", "5\n3 * * *"),
    ],
)
def test_what_no_schedule_keeps_is_refused(cron: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_cron(cron)


@pytest.mark.parametrize("folder", ["/etc", "../x", "a/../b", "a/./b", "a//b", "a/", ".", "a\\b", "a b", "a/\x00", "é"])
def test_a_folder_leads_nowhere_else(folder: str) -> None:
    check_folder("finance/daily.d")
    with pytest.raises(ValueError, match="leads nowhere else"):
        check_folder(folder)


def test_a_file_is_named_by_when_it_was_due_by_the_clock_of_its_zone() -> None:
    check_zone("Asia/Shanghai")
    with pytest.raises(ValueError, match="time zone"):
        check_zone("../../etc/passwd")
    due = datetime(2026, 11, 30, 22, 30, tzinfo=UTC)
    assert file_name("late-orders", due, "Asia/Shanghai", "csv") == "late-orders-2026-12-01-0630.csv"
