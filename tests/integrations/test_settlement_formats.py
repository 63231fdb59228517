"""Settlement files of each format: what a row says, and rows that cannot be read. The files are made up here."""

from io import BytesIO
from pathlib import Path

import pytest

from domain.settlements import NotASettlement, SettledAmount
from integrations.settlements.reading import BrokenRow, rows_of
from integrations.settlements.registry import FORMATS

HEADING = "kind,order,payment,fee,amount,currency,payout_amount,payout_currency,rate,at,reference\n"
OTHER_FILES = (
    *(b"", b"\x00\xff\xfe", b"a,b\n1,2\n", b"x" * 50_000, b'"' * 300_000, HEADING.encode("utf-16")),
    # A workbook is an archive: nothing here unpacks it, however much it would grow to.
    b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + bytes(range(256)) * 100,
)
BROKEN = {
    "": "kind: is missing",
    "sale": "currency: is missing",
    "broken,,,,1.00,CNY": "kind: is not a known one",
    "sale,TM-1,,,,CNY": "amount: is missing",
    "sale,TM-1,,,1e9,CNY": "amount: is no amount of its currency",
    "sale,TM-1,,,١٢,CNY": "amount: is no amount of its currency",
    "sale,TM-1,,,1.00,CNX": "amount: is no amount of its currency",
    "sale,TM-1,,,1.00,": "currency: is missing",
    "sale,TM-1,,,9999999999999999,CNY": "amount: is no amount of its currency",
    "sale,TM-1,,,1.00,CNY,1.00,": "payout_currency: is missing",
    "sale,TM-1,,,1.00,CNY,1.00,USD,-1": "rate: is no rate",
    "sale,TM-1,,,1.00,CNY,,,,31.12.2026": "at: is no time",
    f"sale,{'T' * 101},,,1.00,CNY": "order: is not one line of up to 100 characters",
    "sale,TM\u20281,,,1.00,CNY": "order: is not one line of up to 100 characters",
    "sale,TM-\ufffd,,,1.00,CNY": "order: is no text of the encoding",
    "sale,TM-1,,,1.00,CNY,,,,,7,more": "$: has more columns than the heading",
    f"sale,TM-1,,,1.00,CNY{',' * 30_000}": "$: has more than 20000 characters",
}
SAMPLES = {path.stem: path for path in (Path(__file__).parent / "settlements").iterdir()}


def shown(name: str) -> list[list[tuple[str, ...]] | str]:
    content = SAMPLES[name].read_text().encode("gb18030" if name == "alipay" else "utf-8")
    return [
        str(one) if isinstance(one, BrokenRow) else [_shown(amount) for amount in one]
        for one in rows_of(BytesIO(content), FORMATS[name])
    ]


def _shown(one: SettledAmount) -> tuple[str, ...]:
    payout = f"{one.payout.text} {one.payout.currency}" if one.payout else ""
    return one.kind, f"{one.amount.text} {one.amount.currency}", one.order, one.payment, one.fee, payout


def test_alipay() -> None:
    names = ("1234567890123", "2026112222001")
    assert shown("alipay") == [
        [("sale", "279.00 CNY", *names, "", "")],
        [("fee", "-1.67 CNY", *names, "收费", "")],
        [("refund", "-79.00 CNY", *names, "", "")],
        [("transfer", "-900.00 CNY", "", "", "", "")],
        "发生时间: is no time",
    ]


def test_wechat() -> None:
    names = ("WX-1", "42000018")
    assert shown("wechat") == [
        [("sale", "279.00 CNY", *names, "", ""), ("fee", "-1.67 CNY", *names, "手续费", "")],
        [("refund", "-79.00 CNY", *names, "", ""), ("fee", "0.47 CNY", *names, "手续费", "")],
        "交易状态: is not a known one",
    ]


def test_amazon() -> None:
    assert shown("amazon") == [
        [("transfer", "-60.00 EUR", "", "", "", "")],
        [("sale", "90.00 EUR", "026-1", "", "", "")],
        [("sale", "10.00 EUR", "026-1", "", "", "")],
        [("fee", "-15.00 EUR", "026-1", "", "Commission", "")],
        [("refund", "-20.00 EUR", "026-1", "", "", "")],
        [("reserve", "-5.00 EUR", "", "", "", "")],
        "amount: is no amount of its currency",
    ]


def test_shopify() -> None:
    names = ("1001", "tok-1")
    assert shown("shopify") == [
        [("sale", "100.00 EUR", *names, "", "108.50 USD"), ("fee", "-3.45 USD", *names, "charge", "-3.45 USD")],
        [("refund", "-20.00 EUR", *names, "", "-21.70 USD")],
        [
            ("dispute", "-50.00 USD", "1002", "tok-2", "", "-50.00 USD"),
            ("fee", "-15.00 USD", "1002", "tok-2", "chargeback", "-15.00 USD"),
        ],
        "Amount: is no amount of its currency",
    ]


def test_our_own() -> None:
    assert shown("plain") == [
        [("sale", "1279.00 CNY", "TM-1", "", "", "")],
        [("fee", "-13.95 CNY", "TM-1", "", "commission", "")],
        "kind: is not a known one",
        "rate: is no rate",
        "amount: is no amount of its currency",
    ]


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("content", OTHER_FILES, ids=range(len(OTHER_FILES)))
def test_another_file_is_refused_as_a_whole(name: str, content: bytes) -> None:
    with pytest.raises(NotASettlement):
        list(rows_of(BytesIO(content), FORMATS[name]))


def test_a_row_that_no_database_keeps_or_whose_quote_is_open_spoils_itself_only() -> None:
    heading = "kind,order,amount,currency,payout_amount,payout_currency,rate,at,note\n"
    good = "sale,{name},1.00,CNY,,,,,\n"
    wrong = (
        "sale,TM-2,1.00,CNY,1,USD,1E-400000,,\n",
        "sale,TM-3,1.00,CNY,,,,0001-01-01T00:00:00+14:00,\n",
        "sale,TM-4,1.00,CNY,,,,9999-12-31T23:59:59-14:00,\n",
        'sale,TM-5,1.00,CNY,,,,,"a lamp of 5" that nobody closes\n',
    )
    content = heading + good.format(name="TM-1") + "".join(wrong) + good.format(name="TM-6")

    rows = list(rows_of(BytesIO(content.encode()), FORMATS["plain"]))

    assert [str(row) if isinstance(row, BrokenRow) else row[0].order for row in rows] == [
        "TM-1",
        *("rate: is no rate", "at: is no time", "at: is no time"),
        *("TM-5", "TM-6"),
    ]


@pytest.mark.parametrize(("row", "problem"), BROKEN.items(), ids=range(len(BROKEN)))
def test_a_broken_row_is_named_and_the_rest_is_taken(row: str, problem: str) -> None:
    good = "sale,{},,,1.00,CNY\n"
    content = HEADING + good.format("TM-1") + (f"{row}\n" if row else ",,,,1.00,CNY\n") + good.format("TM-2")

    rows = list(rows_of(BytesIO(content.encode()), FORMATS["plain"]))

    assert [str(one) if isinstance(one, BrokenRow) else one[0].order for one in rows] == ["TM-1", problem, "TM-2"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_that_a_spreadsheet_has_saved_as_utf_8_is_read(name: str) -> None:
    text = SAMPLES[name].read_text()

    rows = list(rows_of(BytesIO(text.encode("utf-8-sig")), FORMATS[name]))

    assert [str(one) if isinstance(one, BrokenRow) else [_shown(amount) for amount in one] for one in rows] == shown(
        name
    )


def test_a_row_in_another_encoding_is_named_rather_than_taken_for_another_order() -> None:
    content = (HEADING + "sale,订单-1,,,1.00,CNY\nsale,TM-2,,,1.00,CNY\n").encode("gb18030")

    rows = list(rows_of(BytesIO(content), FORMATS["plain"]))

    assert [str(one) if isinstance(one, BrokenRow) else one[0].order for one in rows] == [
        *("order: is no text of the encoding", "TM-2"),
    ]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
def test_lines_end_as_on_any_machine(end: str) -> None:
    content = (HEADING + "sale,TM-1,,,1.00,CNY\nsale,TM-2,,,1.00,CNY").replace("\n", end)
    rows = list(rows_of(BytesIO(content.encode()), FORMATS["plain"]))
    assert [one[0].order for one in rows if not isinstance(one, BrokenRow)] == ["TM-1", "TM-2"]
