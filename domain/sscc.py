"""The number of a parcel that the whole trade knows: GS1's Serial Shipping Container Code."""

from biip.checksums import gs1_standard_check_digit

DIGITS = 17
"""Without the check digit: extension digit, company prefix and serial number."""


def sscc(company_prefix: str, serial: int) -> str:
    """18 digits: extension digit, company prefix (4 to 12 digits), serial number and check digit.

    The extension digit is the serial's highest, so ten times as many parcels have a number. Raises ValueError when the
    prefix has none left. Source: GS1 General Specifications, section 3.3.1.
    """
    room = DIGITS - 1 - len(company_prefix)
    extension, number = divmod(serial, 10**room)
    if extension > 9 or serial < 0:
        raise ValueError(f"the prefix {company_prefix} has no number {serial}")
    digits = f"{extension}{company_prefix}{number:0{room}}"
    return f"{digits}{gs1_standard_check_digit(digits)}"
