"""Rules for clauses whose words leave no doubt.

A rule is one line: what it finds, the pattern for a folded clause, and an exception. Each pattern looks at a bounded
number of characters around a word, so that no remark takes long.
"""

import re
from dataclasses import dataclass

from domain.remarks.asking import NO
from domain.remarks.intents import Intent
from domain.remarks.words import BEFORE, CALL, DOOR, ELSEWHERE, LOCKER, PUT, SHIPPING, TOGETHER, URGENT, WRAP


@dataclass(frozen=True, slots=True)
class Rule:
    """`finds` is an intent, or why a person must read the remark. The rule does not apply if `unless` matches as
    well."""

    finds: Intent | str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None

    def fits(self, clause: str) -> bool:
        return bool(self.pattern.search(clause)) and not (self.unless and self.unless.search(clause))


def _rule(finds: Intent | str, pattern: str, unless: str = "") -> Rule:
    return Rule(finds, re.compile(pattern), re.compile(unless) if unless else None)


OTHER = "asks for something that Baton has no instruction for"
AT_DOOR_NOT = "must not be left at the door"
ELSEWHERE_WISH = "asks for goods to be left somewhere that Baton has no instruction for"
ON_CONDITION = "asks for something on a condition, or leaves a choice"
BEFORE_DAY = "names a day by which goods must be there"
HOLD_BACK = "asks to wait with shipping"

# Exceptions of the rules below.
IF_AWAY = r"\bif (?:nobody|no ?one|no answer|i'?m (?:not|out)|we'?re (?:not|out)|not (?:home|in))|没人|不在|无人|没接"
NOT_AT_DOOR = rf"{ELSEWHERE}|{NO}.{{0,3}}{PUT}|{NO}.{{0,6}}{DOOR}"
NO_CALL_OTHERWISE = rf"{SHIPPING}|no contact"
CALL_OTHERWISE = rf"{NO}.{{0,5}}{CALL}|{SHIPPING}|没货|缺货"
NOT_WRAPPED = rf"{NO}.{{0,12}}(?:{WRAP}|礼)|bubble"
NOT_URGENT = rf"{NO}.{{0,4}}(?:{URGENT}|急)|不急|不赶"

RULES = (
    _rule(ON_CONDITION, r"如果|要是|假如|的话|要么|或者|不行就|看你|\bif\b|unless|either", IF_AWAY),
    _rule(HOLD_BACK, r"先(?:别|不要|不)发(?!货?快)|暂(?:时|缓)?(?:不要?)?发|缓发|后再(?:发|寄)"),
    _rule(HOLD_BACK, r"等我?(?:的|们)?(?:通知|消息|确认)"),
    _rule(HOLD_BACK, rf"(?:don'?t|do not|not) {SHIPPING} (?:before|until|yet)|hold (?:my|the|this|off)"),
    _rule(HOLD_BACK, r"(?<!not )(?<!t )wait (?:for|until|with)"),
    _rule(OTHER, r"取消|退款|不要了|勿发(?!残|错|破|坏|漏|次)|不要发货|刻字|到付"),
    _rule(OTHER, r"(?:改|换|更换|修改|变更)(?:一下|成|为|到|个)?.{0,4}(?:地址|电话|手机|颜色|尺码|收件)"),
    _rule(OTHER, r"(?:地址|电话|手机号?|颜色|尺码|收件人).{0,4}(?:改|换|更|(?<!没)(?<!无)错)"),
    _rule(OTHER, r"\bcancel\b|\brefund\b|engrav|change (?:the |my )?(?:address|phone|size|colou?r|number)"),
    _rule(AT_DOOR_NOT, rf"{NO}.{{0,6}}{PUT}?.{{0,10}}{DOOR}", rf"{LOCKER}|{NO}.{{0,4}}(?:敲|按|knock|ring)"),
    _rule(ELSEWHERE_WISH, rf"(?:{PUT}|送到|寄到|交给?|give|with|to).{{0,12}}(?:{ELSEWHERE}|{LOCKER})", NO),
    _rule(Intent.LEAVE_AT_DOOR, rf"{PUT}.{{0,16}}{DOOR}", NOT_AT_DOOR),
    _rule(Intent.LEAVE_AT_DOOR, r"contactless|no contact|front step|on (?:the |my )?(?:front )?steps?\b", NOT_AT_DOOR),
    _rule(Intent.NO_LOCKER, rf"{NO}.{{0,14}}{LOCKER}|{LOCKER}.{{0,6}}(?:不要|不行|别|勿)"),
    _rule(Intent.NO_LOCKER, r"送.{0,4}(?:上门|到家|家里|家门|上楼|楼上|手上|进门)", rf"{NO}.{{0,3}}送"),
    _rule(
        Intent.NO_LOCKER, r"上门(?:派|配)送|(?:不去|不想去?|不方便|没法|无法|拒绝).{0,4}(?:驿站|自提|取件|去取|下楼)"
    ),
    _rule(
        Intent.NO_LOCKER,
        r"home delivery|bring (?:it |this )?up|door ?to ?door|to my (?:door|home|house|apartment|flat)\b",
    ),
    _rule(Intent.NO_CALL, rf"{NO}.{{0,5}}{CALL}|免打扰", NO_CALL_OTHERWISE),
    _rule(Intent.NO_CALL, r"(?:不方便|不能|没法|接不).{0,8}(?:接|电话)", NO_CALL_OTHERWISE),
    _rule(Intent.NO_CALL, r"(?:can'?t|cannot|unable).{0,8}(?:\bphone|\bcalls?\b)", NO_CALL_OTHERWISE),
    _rule(Intent.CALL_FIRST, rf"{BEFORE}.{{0,12}}{CALL}|{CALL}.{{0,14}}{BEFORE}", CALL_OTHERWISE),
    _rule(Intent.CALL_FIRST, r"(?:请|给我?|麻烦)打?电话", CALL_OTHERWISE),
    _rule(Intent.GIFT_WRAP, rf"{WRAP}|精美包装|蝴蝶结|丝带|(?:包|装).{{0,5}}礼(?:物|品)", NOT_WRAPPED),
    _rule(Intent.GIFT_WRAP, r"送人.{0,6}包|包装?.{0,2}(?:精美|漂亮|好看)", NOT_WRAPPED),
    _rule(Intent.GIFT_WRAP, r"\bribbon|\bbow\b|look like a (?:gift|present)|present wrap", NOT_WRAPPED),
    _rule(
        Intent.SHIP_SEPARATELY,
        rf"分(?:开|批|别|两|2|三|3|几|单|箱).{{0,6}}(?:发|寄|送|包裹|邮)|{NO}.{{0,12}}{TOGETHER}",
    ),
    _rule(Intent.SHIP_SEPARATELY, r"拆(?:单|开|成)|各发|单独.{0,3}(?:寄|发|包)|(?:别|不).{0,3}等齐"),
    _rule(Intent.SHIP_SEPARATELY, r"现货先|有(?:货|什么).{0,4}先|(?:其他|其它|剩下|别)的?先发"),
    _rule(
        Intent.SHIP_SEPARATELY, r"(?:two|2|different|several|own|individual) (?:parcel|box|package)|\bpartial|\bsplit\b"
    ),
    _rule(Intent.SHIP_SEPARATELY, r"\bsep[ae]rate(?:ly)?\b|ship what|as (?:they|it) (?:become|come)"),
    _rule(Intent.MERGE, TOGETHER, rf"{NO}.{{0,12}}{TOGETHER}"),
    _rule(Intent.URGENT, URGENT, NOT_URGENT),
    _rule(Intent.URGENT, r"(?:今天|今日|马上|立刻|立即|务必).{0,6}发(?:货|出|走)"),
)
"""To teach Baton a new phrase, add a line; nothing else is needed."""

# Clauses that contain a word of a request and ask for nothing.
ASKS_FOR_NOTHING = (
    re.compile(r"不(?:太|是很|是)?急|不着急|不赶"),
    re.compile(rf"{NO}.{{0,6}}(?:发票|开票|invoice|急|rush|hurry|urgent)"),
    re.compile(rf"{NO}.{{0,12}}(?:{WRAP}|敲|按|knock|ring the|signature)"),
)
