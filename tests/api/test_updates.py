"""A question to an order that Temporal could not pass on is asked again, whatever else is wrong is not."""

import pytest
from temporalio.service import RPCError, RPCStatusCode

from api.orders.updates import PAUSES_SECONDS, until_heard

MISSED = RPCError("unexpected workflow task failure", RPCStatusCode.FAILED_PRECONDITION, b"")
GONE = RPCError("there is no such workflow", RPCStatusCode.NOT_FOUND, b"")


class Asked:
    def __init__(self, *troubles: RPCError) -> None:
        self.troubles = [*troubles]
        self.times = 0

    async def __call__(self) -> str:
        self.times += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return "done"


async def test_a_question_that_came_during_the_last_task_of_an_order_is_asked_again() -> None:
    asked = Asked(MISSED, MISSED)

    assert await until_heard(asked) == "done"
    assert asked.times == 3


@pytest.mark.parametrize(("trouble", "times"), [(GONE, 1), (MISSED, 1 + len(PAUSES_SECONDS))])
async def test_other_trouble_and_too_much_of_it_is_raised(trouble: RPCError, times: int) -> None:
    asked = Asked(*[trouble] * 9)

    with pytest.raises(RPCError) as raised:
        await until_heard(asked)
    assert (raised.value, asked.times) == (trouble, times)
