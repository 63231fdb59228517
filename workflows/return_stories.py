"""What happens in a case of each kind: one short story a kind, told in the verbs of workflows/return_case.py."""

from collections.abc import Awaitable, Callable, Mapping

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from domain.returns.kinds import ReturnKind, carried_out_as
    from domain.returns.terms import RefundWhen
    from workflows.return_case import ReturnCase

Story = Callable[[ReturnCase], Awaitable[None]]


async def return_and_refund(case: ReturnCase) -> None:
    """The goods come back by a carrier, and money goes back when the terms say so."""
    if await case.locate():
        await case.pay(RefundWhen.AT_APPROVAL)
        await case.label()
        await case.announce()
        await _take_in(case)
    await case.pay()


async def refused_parcel(case: ReturnCase) -> None:
    """The parcel turns back by itself; one that is back in the books of the order needs no receipt."""
    if await case.locate():
        await case.announce()
        await _take_in(case)
    await case.pay()


async def store_return(case: ReturnCase) -> None:
    """The customer brings the goods to a store, which receives and judges them."""
    await case.locate()
    await _take_in(case)
    await case.pay()


async def refund_only(case: ReturnCase) -> None:
    """The customer keeps what was delivered; what was not is called back."""
    await case.locate()
    await case.pay()


async def claim(case: ReturnCase) -> None:
    """Goodwill: an amount, and no goods."""
    await case.pay()


async def exchange(case: ReturnCase) -> None:
    """Other goods are reserved first, and sent once the first ones are back."""
    reserved = await case.reserve_instead()
    await case.locate()
    await case.label()
    await case.announce()
    await _take_in(case)
    if reserved and await case.difference_paid() and await case.send_instead():
        await case.pay_difference()
    else:
        await case.pay()


async def reship(case: ReturnCase) -> None:
    """The same is sent again, and nothing comes back."""
    await case.locate()
    if not (await case.reserve_instead() and await case.send_instead()):
        await case.pay()


async def warranty(case: ReturnCase) -> None:
    """After the window: what the person who approved it has decided, which is money when nobody said."""
    await STORIES[carried_out_as(case.case.kind, case.remedy)](case)


async def _take_in(case: ReturnCase) -> None:
    await case.received()
    await case.pay(RefundWhen.AT_RECEIPT)
    await case.inspected()


STORIES: Mapping[ReturnKind, Story] = {
    ReturnKind.RETURN_AND_REFUND: return_and_refund,
    ReturnKind.REFUND_ONLY: refund_only,
    ReturnKind.EXCHANGE: exchange,
    ReturnKind.RESHIP: reship,
    ReturnKind.CLAIM: claim,
    ReturnKind.REFUSED_PARCEL: refused_parcel,
    ReturnKind.STORE_RETURN: store_return,
    ReturnKind.WARRANTY: warranty,
}
