"""Names of carriers as people write them."""

import re

# The carrier's name in the TMS, and a pattern of how people write it. To add a carrier, add a line.
CARRIERS = (
    ("SF Express", r"顺丰|顺风|shun ?feng|\bsf\b"),
    ("JD Logistics", r"京东(?!买|上|平台|客服|店|下单)|\bjd\b|jingdong"),
    ("ZTO Express", r"中通|\bzto\b"),
    ("YTO Express", r"圆通|\byto\b"),
    ("STO Express", r"申通|\bsto\b"),
    ("Yunda Express", r"韵达|\byunda\b"),
    ("J&T Express", r"极兔|\bj ?& ?t\b"),
    ("Deppon", r"德邦|\bdeppon\b"),
    ("EMS", r"(?:邮政 ?)?\bems\b|(?:邮政 ?)?特快专递"),
    ("China Post", r"邮政(?! ?ems)|china post"),
    ("DHL Express", r"\bdhl\b"),
    ("FedEx", r"\bfed ?ex\b|联邦快递"),
    ("UPS", r"\bups\b"),
    ("USPS", r"\busps\b"),
    ("DPD", r"\bdpd\b"),
    ("GLS", r"\bgls\b"),
    ("Royal Mail", r"\broyal mail\b"),
)
# \b treats Chinese characters as letters, so it would not find the name in "发sf快递".
_EDGE = r"(?<![a-z0-9])", r"(?![a-z0-9])"


def _pattern(written: str) -> re.Pattern[str]:
    before, after = _EDGE
    return re.compile(re.sub(r"\\b(.*?)\\b", rf"{before}\1{after}", written))


_PATTERNS = tuple((name, _pattern(written)) for name, written in CARRIERS)


def carriers_in(clause: str) -> list[tuple[str, int]]:
    """(carrier, index of its first mention) for each carrier that a folded clause names, in the order of the clause."""
    found = ((name, match.start()) for name, pattern in _PATTERNS if (match := pattern.search(clause)))
    return sorted(found, key=lambda carrier: carrier[1])
