"""The wire format of Qimen, which warehouses in China use: an XML body, parameters and a signature in the URL."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import md5
from hmac import compare_digest
from typing import Any
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring
from zoneinfo import ZoneInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

CHINA = ZoneInfo("Asia/Shanghai")
TIME = "%Y-%m-%d %H:%M:%S"
TOLERANCE = timedelta(minutes=10)
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class NotQimen(ValueError):
    """The XML does not match Qimen's format; `field` is the path of what is wrong."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


def sign(parameters: Mapping[str, str], body: bytes, secret: str) -> str:
    """Uppercase MD5 of secret + parameters sorted by name, without `sign` + body + secret."""
    text = "".join(name + value for name, value in sorted(parameters.items()) if name != "sign")
    return md5(b"".join((secret.encode(), text.encode(), body, secret.encode()))).hexdigest().upper()


def signed(parameters: Mapping[str, str], body: bytes, secret: str) -> dict[str, str]:
    """Return all parameters of a call made now, with the signature."""
    complete = {"format": "xml", "v": "2.0", "sign_method": "md5", "timestamp": datetime.now(CHINA).strftime(TIME)}
    complete |= parameters
    return complete | {"sign": sign(complete, body, secret)}


def is_signed(parameters: Mapping[str, str], body: bytes, secret: str, now: datetime) -> bool:
    """True if the signature is valid and its time is within ten minutes of `now`."""
    try:
        at = datetime.strptime(parameters.get("timestamp", ""), TIME).replace(tzinfo=CHINA)
    except ValueError:
        return False
    valid = compare_digest(sign(parameters, body, secret), parameters.get("sign", ""))
    return valid and abs(now - at) <= TOLERANCE


def to_xml(name: str, content: Mapping[str, Any]) -> bytes:
    """Write XML: a mapping gives nested elements, a sequence of (name, content) pairs repeated ones; None is omitted.

    Characters that XML 1.0 cannot hold are dropped.
    """
    root = Element(name)
    _fill(root, content)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def read_xml(raw: bytes) -> Element:
    """Parse XML and return its root. Raises NotQimen, also for entities and document types, which attacks use."""
    try:
        root: Element = fromstring(raw, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotQimen("body", f"is not XML that is read: {type(error).__name__}") from None
    return root


def text_at(element: Element, path: str, limit: int = 300) -> str:
    """Return the text at a path, empty if absent. Raises NotQimen when it is longer than `limit`."""
    found = (element.findtext(path) or "").strip()
    if len(found) > limit:
        raise NotQimen(path, f"is longer than {limit} characters")
    return found


def need_text(element: Element, path: str, limit: int = 300) -> str:
    if not (found := text_at(element, path, limit)):
        raise NotQimen(path, "is missing")
    return found


def _fill(element: Element, content: Any) -> None:
    if isinstance(content, Mapping):
        content = list(content.items())
    if isinstance(content, Sequence) and not isinstance(content, str):
        for name, inner in content:
            if inner is not None:
                _fill(SubElement(element, name), inner)
    else:
        # XML 1.0 has no way to write these characters.
        element.text = NOT_XML.sub("", str(content))
