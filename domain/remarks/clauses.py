"""Normalizes remarks and splits them into clauses, each of which asks for one thing or a few."""

import re
import unicodedata
from functools import lru_cache

MAX_LENGTH = 2_000
"""Characters of a remark that are read; the rest is ignored."""

# Traditional characters (Hong Kong, Taiwan) that occur in instructions, and their simplified forms.
TRADITIONAL = (
    "順豐遞請門櫃貨週禮們電話聯繫繋發開個單體寫張車後應東圓韻極號點時間從這裡裏來業員員兩併優說給"
    "樓幫達邊勞別無將擾雙買賣讓緊趕進麼嗎祝賀稅擡頭卡抬過還會掛響靜聲裝"
)
SIMPLIFIED = (
    "顺丰递请门柜货周礼们电话联系系发开个单体写张车后应东圆韵极号点时间从这里里来业员员两并优说给"
    "楼帮达边劳别无将扰双买卖让紧赶进么吗祝贺税抬头卡抬过还会挂响静声装"
)
TO_SIMPLIFIED = str.maketrans(TRADITIONAL, SIMPLIFIED)

# A dot ends a clause only before a space, so that 11.30 and p.m. stay whole.
ENDS = re.compile(
    r"[,;!?。、\n\r\t+|/~…]+(?![0-9])|\.(?=\s|$)|,\s*"
    r"|\s+(?:and|but|&|then|plus|also)\s+(?!\d|sun|sat)"
    r"|(?<=[一-鿿])\s+(?=[一-鿿])|然后|并且|而且|但是|另外(?!一|的)"
)
# Marketplaces insert these when the customer ticks a box. "Any day" asks for nothing, and the text in brackets only
# repeats the choice in negative form.
TICKED = re.compile(
    r"\([^()]{1,20}(?:不用|不|勿)送(?:货)?\)"
    r"|工作日[、,]?(?:双休日|周末)(?:[、,与和及](?:节?假日))?(?:均|都)?可(?:以)?(?:送货|收货|配送)?"
)
NOT_WORDS = re.compile(r"[\W_]+")


@lru_cache(maxsize=4096)
def _folded(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character).lower()
    return plain if len(plain) == 1 else character


def fold(text: str) -> str:
    """Lower case, half width and simplified characters. The length stays the same, so indexes match the original."""
    return "".join(map(_folded, text)).translate(TO_SIMPLIFIED).replace("’", "'")


def clauses(folded: str) -> list[str]:
    """The clauses with at least one letter or digit, stripped."""
    parts = (part.strip() for part in ENDS.split(TICKED.sub(" ", folded)))
    return [part for part in parts if NOT_WORDS.sub("", part)]
