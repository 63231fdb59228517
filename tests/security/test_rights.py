"""C16: who may call a route is written at the route, and what says nothing is not served."""

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute

from api.access import RIGHTS, Right, Role
from api.app import create_app
from api.openapi import OPEN
from api.parameter_check import ParameterCheck
from api.rights import DOCUMENTATION, EXTENSION, RightCheck, UndeclaredRight, guard, right_of
from settings import Settings
from tests.api.conftest import Api, assert_problem

OPEN_TO_ALL = {
    *("/healthz", "/readyz", *DOCUMENTATION),
    # Each looks at a signature, and believes nothing without one.
    *("/webhooks/{partner}", "/webhooks/qimen", "/webhooks/sf", "/webhooks/kuaidi100", "/channels/{channel}/webhooks"),
}


def test_every_route_is_behind_its_right_or_open_by_name(settings: Settings) -> None:
    routes = create_app(settings).routes

    assert {getattr(route, "path", "") for route in routes if right_of(route) is None} == OPEN_TO_ALL
    # The second app of a process has the same routes, and asks no right twice.
    create_app(settings)
    for route in routes:
        if isinstance(route, APIRoute) and right_of(route):
            assert isinstance(route.app, ParameterCheck)
            assert isinstance(route.app._app, RightCheck)
            assert not isinstance(route.app._app._app, ParameterCheck | RightCheck)


def test_an_app_with_a_route_that_says_nothing_does_not_start() -> None:
    router = APIRouter()

    @router.get("/salaries")
    async def salaries() -> None: ...

    with pytest.raises(UndeclaredRight, match="/salaries"):
        guard(router.routes)


def test_a_route_cannot_be_open_and_need_two_rights_at_once() -> None:
    router = APIRouter()

    @router.get("/salaries", openapi_extra={EXTENSION: "read"} | OPEN)
    async def salaries() -> None: ...

    assert right_of(router.routes[0]) is None


async def test_a_stranger_is_asked_for_a_key_before_anything_of_a_request_is_read(anybody: Api) -> None:
    for path in ("/orders?limit=nonsense", "/sourcing/nothing", "/orders?cursor=nonsense"):
        answer = await anybody.get(path)
        assert answer.status_code in (401, 404)
    assert_problem(await anybody.post("/orders", content=b"not json"), 401, "unauthenticated")


def test_what_a_channel_may_is_given_by_name() -> None:
    assert RIGHTS[Role.CHANNEL] == {
        Right.READ,
        Right.SEE_WORK,
        Right.SEE_PEOPLE,
        Right.PLACE,
        Right.CANCEL,
        Right.ASK_RETURN,
        Right.SUBSCRIBE,
    }
    assert {role for role, rights in RIGHTS.items() if Right.READ_OPERATIONS in rights} == set(Role) - {
        Role.CHANNEL,
        Role.STORE,
    }
