"""Tracking of carriers in our statuses: the states of Kuaidi100 and the operations of SF Express."""

from collections.abc import Mapping
from datetime import datetime

from domain.status import TrackingStatus

T = TrackingStatus

# A code without a line here does not change the status of a parcel.
KUAIDI100_STATES: Mapping[str, TrackingStatus] = {
    "0": T.IN_TRANSIT,
    "1": T.IN_TRANSIT,
    "2": T.EXCEPTION,
    "3": T.DELIVERED,
    "4": T.RETURN_TO_SENDER,
    "5": T.OUT_FOR_DELIVERY,
    "6": T.RETURN_TO_SENDER,
    "7": T.IN_TRANSIT,
    "8": T.IN_TRANSIT,
    "10": T.IN_TRANSIT,
    "11": T.IN_TRANSIT,
    "12": T.IN_TRANSIT,
    "13": T.EXCEPTION,
    "14": T.EXCEPTION,
    # Finer codes begin with a state. These mean another status than their state does.
    "101": T.PRE_TRANSIT,
    "102": T.PRE_TRANSIT,
    "501": T.AVAILABLE_FOR_PICKUP,
}

# Kuaidi100's names of carriers, and ours (domain/remarks/carriers.py).
KUAIDI100_CARRIERS: Mapping[str, str] = {
    "shunfeng": "SF Express",
    "jd": "JD Logistics",
    "zhongtong": "ZTO Express",
    "yuantong": "YTO Express",
    "shentong": "STO Express",
    "yunda": "Yunda Express",
    "jtexpress": "J&T Express",
    "debangkuaidi": "Deppon",
    "debangwuliu": "Deppon",
    "ems": "EMS",
    "youzhengguonei": "China Post",
    "dhl": "DHL Express",
    "dhlen": "DHL Express",
    "fedex": "FedEx",
    "ups": "UPS",
    "usps": "USPS",
    "dpd": "DPD",
    "gls": "GLS",
    "royalmail": "Royal Mail",
}

SF_OPERATIONS: Mapping[str, TrackingStatus] = {
    "50": T.IN_TRANSIT,
    "51": T.IN_TRANSIT,
    "54": T.IN_TRANSIT,
    "30": T.IN_TRANSIT,
    "31": T.IN_TRANSIT,
    "36": T.IN_TRANSIT,
    "10": T.IN_TRANSIT,
    "44": T.OUT_FOR_DELIVERY,
    "34": T.OUT_FOR_DELIVERY,
    "204": T.OUT_FOR_DELIVERY,
    "33": T.FAILED_ATTEMPT,
    "70": T.FAILED_ATTEMPT,
    "125": T.AVAILABLE_FOR_PICKUP,
    "607": T.AVAILABLE_FOR_PICKUP,
    "80": T.DELIVERED,
    "8000": T.DELIVERED,
    "99": T.IN_TRANSIT,
    "631": T.RETURN_TO_SENDER,
    "648": T.RETURN_TO_SENDER,
}


def kuaidi100_status(code: str) -> TrackingStatus | None:
    """The status for a state (`5`) or a finer code (`501`, `1002`); None if it is not known."""
    state = code[:1] if len(code) == 3 else "0" if len(code) == 4 and code.startswith("10") else code
    return KUAIDI100_STATES.get(code) or KUAIDI100_STATES.get(state)


def follows(status: TrackingStatus, at: datetime, now: str, since: datetime | None) -> bool:
    """True if a report replaces the known status `now`, reported for `since`: it must not be older, and after a
    delivery
    only a return to the sender counts."""
    if since is None:
        return True
    if at < since:
        return False
    return now != T.DELIVERED or status in (T.DELIVERED, T.RETURN_TO_SENDER)
