"""Texts that a remark wants written: the message of a gift card, the title of an invoice.

They are cut out before anything else is read, since "leave me at the door" on a card is no request to the carrier.
"""

import re
from collections.abc import Callable
from itertools import pairwise

from stdnum.cn import uscc

from domain.remarks.asking import NO
from domain.remarks.intents import Intent, Wish

NO_CARD_TEXT = "asks for a gift card and does not say clearly what to write"
NO_TITLE = "asks for an invoice and names no title"
WRONG_TAX_NUMBER = "names a tax number for the invoice whose check digit is wrong"
MAX_MESSAGE = 500
CODE_LENGTH = 18
"""Characters of a unified social credit code, which is the tax number of companies in China (GB 32100)."""

Cut = tuple[list[Wish], str]
IsRequest = Callable[[str], bool]

_SAYS = r"(?:[^,.。;!?\n]{0,12}?(?:写上?|写着|内容(?:是|为)?|附言|留言)|[^,.。;!?\n:]{0,3}(?=:|\"|“|「|『))"
_CARD = re.compile(
    rf"(?:贺?卡片?|留言卡|祝福卡|祝福语|留言条){_SAYS}\s?[:：-]?\s?"
    r"|\bgift (?:message|note|card|tag)\s?(?:[:\-–]|is|should say|reads?|saying)\s?"
    r"|\b(?:card|note|message)\s?(?::|(?:that |which |to |should |please )?(?:says?|saying"
    r"|reads?|reading|with the words)\s?:?)\s?"
    r"|\bwrite on (?:the|a) (?:card|note)\s?:?\s?"
)
_WRITE_ON = re.compile(r"\bwrite\s?[\"“'](.{1,500}?)[\"”']\s?(?:on|in) (?:the|a) (?:gift )?(?:card|note)")
_QUOTED = re.compile(r"[\"“「『](.{1,500}?)[\"”」』]|'(.{1,500}?)'(?!\w)")
_WANTS_CARD = re.compile(
    r"贺卡|留言卡|祝福卡|写卡片|(?:放|附|加|写)[^,]{0,4}卡片?|\b(?:add|include|put|with"
    r"|write)\b[^,]{0,16}\b(?:card|gift note)\b"
)
_ANYTHING = re.compile(r"什么都|随便|任意|都行|看着|不用|不要|anything|whatever|up to you")
_MESSAGE_PART = re.compile(r"[,，;；。!！+\n]|\.\s")

_INVOICE = re.compile(r"发票|开票|抬头|税号|普票|专票|invoice|\bvat\b|\btax (?:id|no|number)")
_NO_INVOICE = re.compile(rf"{NO}[^,]{{0,8}}(?:发票|开票|invoice)|发票[^,]{{0,2}}(?:不要|不用|免)")
_TITLE = re.compile(
    r"(?:抬头|公司名称?|单位名称?|名称|开票信息|开票|开给|发票(?=[:：]))(?:写|是|为|开|名称"
    r"|请写)?\s?[:：]?\s?(?P<zh>[^\s,，;；。!！?？]{2,100})"
    r"|(?:(?:invoice|vat) (?:title|to|for|name|in the name of)|(?:made?|issued?"
    r"|bill(?:ed)?) (?:it )?(?:out )?to|invoice[^,.]{0,12} to)\s?[:：]?\s?"
    r"(?P<en>.{2,100}?)(?=[,;.\s]+(?:tax|vat|ein|usci)\b|[;\n!?]|\.\s|\.?$|\s[0-9a-z]{18}\b)"
)
_PERSONAL = re.compile(r"个人(?:发票|抬头|的?普票)|(?:发票|开票|抬头)[^,]{0,4}个人")
_TAX_NUMBER = re.compile(r"(?<![0-9a-z])[0-9a-z]{15,20}(?![0-9a-z])")
_TAX_WORDS = re.compile(r"(?:纳税人?)?(?:识别号|税号)|统一社会信用代码|税务登记")
_NO_TITLE = re.compile(r"^(?:上次|同上|之前|老|一样|发票|税|增值税|专|普|as (?:last|before)|same)|上次|之前")


def take_gift_message(text: str, folded: str, is_request: IsRequest) -> Cut:
    """The message of the card as it was written, and the folded text without it.

    A message without quotes ends with the line, or before the next request.
    """
    if found := _WRITE_ON.search(folded):
        message = text[found.start(1) : found.end(1)]
        return [_message(message)], _blanked(folded, *found.span())
    if not (found := _CARD.search(folded)):
        wanted = None if _no_card(folded) else _WANTS_CARD.search(folded)
        return ([Wish(doubt=NO_CARD_TEXT)], _blanked(folded, *wanted.span())) if wanted else ([], folded)
    begin = found.end()
    if quoted := _QUOTED.match(folded, begin):
        start, end = quoted.span(1) if quoted[1] else quoted.span(2)
        after = quoted.end()
    else:
        start, end = begin, _end_of_message(folded, begin, is_request)
        after = end
    return [_message(text[start:end])], _blanked(folded, found.start(), after)


def _blanked(folded: str, start: int, end: int) -> str:
    """Replace the taken part by commas, so that all indexes still match the original text."""
    return folded[:start] + "," * (end - start) + folded[end:]


def _no_card(folded: str) -> bool:
    return re.search(rf"{NO}[^,]{{0,8}}(?:卡|card)", folded) is not None


def _end_of_message(folded: str, begin: int, is_request: IsRequest) -> int:
    line_end = folded.find("\n", begin)
    limit = min(len(folded) if line_end < 0 else line_end, begin + MAX_MESSAGE)
    ends = [part.start() for part in _MESSAGE_PART.finditer(folded, begin, limit)] + [limit]
    for end, following in pairwise(ends):
        if is_request(folded[end + 1 : following]):
            return end
    return limit


def _message(message: str) -> Wish:
    message = message.strip(" \t\n,，.。!！;；:：\"“”'「」")
    if not message or _ANYTHING.search(message):
        return Wish(doubt=NO_CARD_TEXT)
    return Wish(Intent.GIFT_MESSAGE, {"text": message})


def take_invoice(text: str, folded: str) -> Cut:
    """Title and tax number of the invoice, and the folded text without them.

    The check digit of a Chinese tax number (18 characters) is verified. A wrong number or a missing title is a doubt.
    """
    if not _INVOICE.search(folded):
        return [], folded
    if refused := _NO_INVOICE.search(folded):
        return [], _blanked(folded, *refused.span())
    number = _TAX_NUMBER.search(folded)
    written = number.group().upper() if number else ""
    wish, span = _invoice(text, folded, written)
    if len(written) == CODE_LENGTH and not uscc.is_valid(written):
        wish = Wish(doubt=WRONG_TAX_NUMBER)
    cuts = [part for part in (span, number.span() if number else None) if part]
    for start, end in cuts:
        folded = _blanked(folded, start, end)
    return [wish], _INVOICE.sub(",", _TAX_WORDS.sub(",", folded))


def _invoice(text: str, folded: str, number: str) -> tuple[Wish, tuple[int, int] | None]:
    if personal := _PERSONAL.search(folded):
        at = folded.index("个人", personal.start())
        return Wish(Intent.INVOICE, {"title": text[at : at + 2], "tax_number": number}), personal.span()
    found = _TITLE.search(folded)
    if not found:
        return Wish(doubt=NO_TITLE), None
    start, end = found.span("zh") if found["zh"] else found.span("en")
    for following in (_TAX_WORDS, _TAX_NUMBER):
        if cut := following.search(folded, start, end):
            end = cut.start()
    title = text[start:end].strip(" :：,，.、-")
    if len(title) < 2 or _NO_TITLE.search(title.lower()):
        return Wish(doubt=NO_TITLE), (start, end)
    return Wish(Intent.INVOICE, {"title": title, "tax_number": number}), (found.start(), end)
