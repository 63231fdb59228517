"""WeChat Pay: the bill of trades (`/v3/bill/tradebill`), one row for each payment or refund with its fee.

A CSV in UTF-8, every value behind a backtick; the sums below begin with 总交易单数. Source of the column names: the
documentation of the bill in WeChat Pay's API v3 (pay.weixin.qq.com). The payer's id and the goods are not read.
"""

from collections.abc import Iterator

from domain.settlements import RowKind, SettledAmount
from integrations.settlements.reading import BrokenRow, Format, SettledRow

PAID, BACK = "SUCCESS", ("REFUND", "REVOKED")


def _read(row: SettledRow) -> Iterator[SettledAmount]:
    currency, state = row.need("货币种类"), row.need("交易状态")
    at = row.time("交易时间", "Asia/Shanghai", "%Y-%m-%d %H:%M:%S")
    order, payment = row.text("商户订单号"), row.need("微信订单号")
    if state == PAID:
        kind, amount, reference = RowKind.SALE, row.need_money("订单金额", currency), payment
    elif state in BACK:
        kind, amount = RowKind.REFUND, row.need_money("申请退款金额", currency) * -1
        reference = row.text("微信退款单号")
    else:
        raise BrokenRow("交易状态", "is not a known one")
    yield SettledAmount(kind, amount, order=order, payment=payment, at=at, reference=reference)
    # The fee is what we pay; it is below zero where a refund gives it back.
    fee = row.money("手续费", currency) * -1
    yield SettledAmount(RowKind.FEE, fee, order=order, payment=payment, fee="手续费", at=at, reference=reference)


WECHAT = Format(
    "wechat",
    ("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "申请退款金额", "手续费", "订单金额"),
    _read,
    ends="总交易单数",
)
