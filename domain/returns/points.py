"""Points that were given for a sale and spent before it came back: how many are paid for, and with how much money."""


def paid_for(spent: int, due: int, worth: int) -> tuple[int, int]:
    """How many of the `spent` points the refund pays for, and with how many minor units of the `due` ones.

    A hundred points are `worth` so many minor units; parts of one are left to the customer. One minor unit at least
    stays due, so that there is a refund that the points go back with.
    """
    if spent <= 0 or worth <= 0 or due <= 1:
        return 0, 0
    points = min(spent, (due - 1) * 100 // worth)
    return points, points * worth // 100
