"""A platform's payout is compared with what was sold, order by order; fees and reserves are no differences."""

import csv
from io import StringIO

from tests.baton import Baton
from tests.shop.test_platform_refunds import BY_HAND, open_shops, pushed, sold

HEADING = "kind,order,payment,fee,amount,currency,payout_amount,payout_currency,rate,at,reference"


async def test_a_payout_is_taken_once_and_shows_only_what_it_does_not_explain(silent: Baton) -> None:
    # given two orders that the platform has collected
    open_shops(silent)
    orders = [await pushed(silent, BY_HAND, sold(f"PAYOUT-{number}", BY_HAND)) for number in (1, 2)]
    for order_id in orders:
        await silent.until_fulfillment(order_id, "released")

    # when its payout comes, twice: one sale as sold, less its fee, one that is not,
    # one that we do not know, and a row that nobody can read
    lines = [
        HEADING,
        "sale,PAYOUT-1,,,330.00,CNY,46.20,USD,0.14,2026-11-24T02:00:00Z,P-7",
        "fee,PAYOUT-1,,=cmd|'/c calc'!A0,-16.50,CNY,-2.31,USD,0.14,2026-11-24T02:00:00Z,P-7",
        "sale,PAYOUT-2,,,300.00,CNY,42.00,USD,0.14,2026-11-24T02:00:00Z,P-7",
        "sale,PAYOUT-2,,,many,CNY,,,,,P-7",
        "sale,NOBODYS-3,,,10.00,CNY,1.40,USD,0.14,2026-11-24T02:00:00Z,P-7",
        "transfer,,,,-623.50,CNY,-87.29,USD,,2026-11-24T03:00:00Z,P-7",
    ]
    asked = {"format": "plain", "channel": BY_HAND}
    answers = [await silent.api.post("/settlements", params=asked, content="\n".join(lines)) for _ in range(2)]

    # then it is one settlement, with its totals and its differences
    assert [answer.status_code for answer in answers] == [200, 200], answers[0].text
    one = answers[1].json()
    assert one == answers[0].json()
    assert (one["state"], one["rows"], one["broken"], one["differences"]) == ("done", 6, 1, 2)
    totals = {total["kind"]: (total["amount"], total["payout"], total["payout_currency"]) for total in one["totals"]}
    assert totals == {
        "sale": ("640.00", "89.60", "USD"),
        "fee": ("-16.50", "-2.31", "USD"),
        "transfer": ("-623.50", "-87.29", "USD"),
    }
    path = f"/settlements/{one['settlement_id']}"
    difference, unknown = (await silent.api.get(f"{path}/differences")).json()["items"]
    assert (difference["subject"], difference["kind"]) == (orders[1], "amount_differs")
    assert (unknown["subject"], unknown["kind"]) == ("unknown/NOBODYS-3", "unknown_here")
    assert (difference["ours"], difference["theirs"]) == ("330.00 CNY", "300.00 CNY")
    [broken] = (await silent.api.get(f"{path}/rows", params={"kind": "broken"})).json()["items"]
    assert (broken["row_no"], broken["problem"]) == (4, "amount: is no amount of its currency")

    # and its rows are read page by page
    numbers, page = list[int](), {"next_cursor": None}
    while numbers == [] or page["next_cursor"]:
        query = {"limit": 4} | ({"cursor": page["next_cursor"]} if page["next_cursor"] else {})
        page = (await silent.api.get(f"{path}/rows", params=query)).json()
        numbers += [row["row_no"] for row in page["items"]]
    assert numbers == [1, 2, 3, 4, 5, 6]

    # and its sheet runs no formula
    sheet = await silent.api.get(f"{path}/rows", params={"format": "csv"})
    rows = list(csv.DictReader(StringIO(sheet.text)))
    assert [row["fee"] for row in rows if row["kind"] == "fee"] == ["'=cmd|'/c calc'!A0"]
    listed = (await silent.api.get("/settlements", params={"channel": BY_HAND})).json()["items"]
    assert [row["settlement_id"] for row in listed] == [one["settlement_id"]]

    # and what is no settlement is refused as a whole, as is the same file for another channel
    refused = await silent.api.post("/settlements", params=asked, content="order,amount\n1,2\n")
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "$")
    other = await silent.api.post("/settlements", params={"format": "plain"}, content="\n".join(lines))
    assert other.status_code == 409
