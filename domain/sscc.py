"""GS1's Serial Shipping Container Code, the number of a parcel that every carrier and warehouse reads."""

from biip.checksums import gs1_standard_check_digit

DIGITS = 17
"""Without the check digit: extension digit, company prefix and serial number."""


def sscc(company_prefix: str, serial: int) -> str:
    """18 digits: extension digit, company prefix (4 to 12 digits), serial number and check digit.

    The serial's highest digit is used as extension digit, which gives ten times as many numbers. Raises ValueError when
    the numbers of the prefix are used up. Source: GS1 General Specifications, section 3.3.1.
    """
    room = DIGITS - 1 - len(company_prefix)
    extension, number = divmod(serial, 10**room)
    if extension > 9 or serial < 0:
        raise ValueError(f"the prefix {company_prefix} has no number {serial}")
    digits = f"{extension}{company_prefix}{number:0{room}}"
    return f"{digits}{gs1_standard_check_digit(digits)}"
