"""Words of refusal, and polite phrases that ask for nothing."""

import re

NO = (
    r"(?:不要|不发|不走|不用|不必|不需要?|不能|不可以?|不可|不接受|不想|不许|不准|不得|拒绝|禁止|无需|无须"
    r"|谢绝|请勿|千万别|别|勿|莫|甭"
    r"|\b(?:don'?t|do not|dnt|never|no need to|no need for|no|not|without|avoid|instead of|rather than|refuse)\b)"
)

# A clause of only these asks for nothing. A longer phrase stands before a shorter one with the same beginning.
_POLITE = re.compile(
    r"谢+|多谢|感谢|辛苦|麻烦|拜托|亲|您好|你好|老板|好评|好的?|嗯+|是的?|暂无|无|备注|没有?|要求|随便|都可以"
    r"|尽快|快点|早点|尽早|请|发货|哦|呀|啊|哈|呢|吧|了|的"
    r"|thank ?s?(?: ?you)?|thx|please(?: ship)?|pls(?: ship)?|plz(?: ship)?|hello|hi|hey|cheers|okay|ok"
    r"|nothing|none|nope|null|nil|no|n/?a|test|asap|as soon as possible|so much|a lot|very much|yes|\d|[\W_]+"
)


def is_polite(clause: str) -> bool:
    """True if a folded clause is only a greeting, thanks, "none" or "soon, please"."""
    # Remove the phrases instead of matching the whole clause, which could backtrack exponentially.
    return not _POLITE.sub("", clause)
