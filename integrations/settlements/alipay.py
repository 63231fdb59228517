"""Alipay: the account's ledger (账务明细, bill type `signcustomer` of alipay.data.dataservice.bill.downloadurl.query).

A CSV in GBK; lines before and behind the rows begin with `#`. Source of the column names: Alipay's open documentation
of the bill files (opendocs.alipay.com). The other party's account and the goods are not read.
"""

import re
from collections.abc import Iterator, Mapping

from domain.settlements import RowKind, SettledAmount
from integrations.settlements.reading import Format, SettledRow

EARNED, SPENT = "收入金额（+元）", "支出金额（-元）"
KINDS: Mapping[str, RowKind] = {
    "在线支付": RowKind.SALE,
    "交易付款": RowKind.SALE,
    "交易退款": RowKind.REFUND,
    "退款": RowKind.REFUND,
    "收费": RowKind.FEE,
    "服务费": RowKind.FEE,
    "退费": RowKind.FEE,
    "冻结": RowKind.RESERVE,
    "解冻": RowKind.RESERVE,
    "提现": RowKind.TRANSFER,
    "转账": RowKind.OTHER,
}
TAOBAO = re.compile(r"T\d+P(?=\d)")
"""What Taobao puts before its order's number as the merchant's number."""


def _read(row: SettledRow) -> Iterator[SettledAmount]:
    if not row.text(SPENT):
        row.need(EARNED)
    amount, spent = row.money(EARNED, "CNY"), row.money(SPENT, "CNY")
    amount -= spent if spent.minor_units > 0 else spent * -1
    word = row.need("业务类型")
    kind = KINDS.get(word, RowKind.OTHER)
    yield SettledAmount(
        kind,
        amount,
        order=TAOBAO.sub("", row.text("商户订单号")),
        payment=row.text("业务流水号"),
        fee=word if kind in (RowKind.FEE, RowKind.OTHER) else "",
        at=row.time("发生时间", "Asia/Shanghai", "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S"),
        reference=row.need("账务流水号"),
    )


ALIPAY = Format(
    "alipay",
    ("账务流水号", "业务流水号", "商户订单号", EARNED, SPENT, "业务类型"),
    _read,
    encoding="gb18030",
)
