"""`baton listing import` takes each good row of a file and names the field of each wrong one."""

import csv
from io import StringIO

import pytest
from sqlalchemy import func, select

from commands.channels import save_account
from commands.listings import import_listings
from models.database import Sessions
from models.goods import ChannelShareRow
from models.listing import ChannelListingRow
from tests.factories import LAMP, TEACUP, stock_shop

CHANNEL = "web-shop"


@pytest.fixture(autouse=True)
def goods(sessions: Sessions) -> None:
    stock_shop(sessions, {"HANGZHOU": {LAMP: 10, TEACUP: 10}})
    save_account(sessions, CHANNEL, "plain", "a secret of the tests", {})


def import_text(sessions: Sessions, text: str) -> tuple[int, list[str]]:
    return import_listings(sessions, CHANNEL, csv.DictReader(StringIO(text)))


def listings(sessions: Sessions) -> list[tuple[str, str, int, int, bool]]:
    row, share = ChannelListingRow, ChannelShareRow
    shown = func.coalesce(share.share_percent, 100), func.coalesce(share.reserve, 0)
    with sessions() as session:
        found = select(row.sku, row.channel_sku, *shown, row.enabled)
        found = found.outerjoin(share, (share.channel == row.channel) & (share.sku == row.sku)).order_by(row.sku)
        return [tuple(one) for one in session.execute(found)]


def test_an_empty_cell_is_the_default(sessions: Sessions) -> None:
    answer = import_text(sessions, f"sku,channel_sku,share,reserve,enabled\n{LAMP},101,80,2,false\n{TEACUP},,,,\n")

    assert answer == (2, [])
    assert listings(sessions) == [(LAMP, "101", 80, 2, False), (TEACUP, TEACUP, 100, 0, True)]


def test_importing_again_changes_existing_listings(sessions: Sessions) -> None:
    import_text(sessions, f"sku,share\n{LAMP},80\n")

    assert import_text(sessions, f"sku,share\n{LAMP},50\n") == (1, [])
    assert listings(sessions) == [(LAMP, LAMP, 50, 0, True)]


def test_wrong_rows_are_named_by_number_and_field_and_the_others_taken(sessions: Sessions) -> None:
    text = f"sku,channel_sku,share\n{LAMP},101,120\nNOBODY-KNOWS,,\n{LAMP},101,\n{TEACUP},101,\n{TEACUP},102,,more\n"

    taken, wrong = import_text(sessions, text)

    assert taken == 1
    assert [row.rpartition(": ")[0] for row in wrong] == [
        "row 2: share",
        "row 3: sku",
        "row 5: channel_sku",
        "row 6: row",
    ]


def test_a_channel_without_an_account_is_refused(sessions: Sessions) -> None:
    with pytest.raises(LookupError):
        import_listings(sessions, "nobody", [])
