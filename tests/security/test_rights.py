"""C16: every route declares the right that it needs, and one without a declaration is not served."""

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
    # Each of these verifies a signature instead of a key.
    *("/webhooks/{partner}", "/webhooks/qimen", "/webhooks/sf", "/webhooks/kuaidi100", "/channels/{channel}/webhooks"),
}


def test_every_route_needs_a_right_or_is_listed_as_open(settings: Settings) -> None:
    routes = create_app(settings).routes

    assert {getattr(route, "path", "") for route in routes if right_of(route) is None} == OPEN_TO_ALL
    # A second app in the process shares the routes and must not guard them twice.
    create_app(settings)
    for route in routes:
        if isinstance(route, APIRoute) and right_of(route):
            assert isinstance(route.app, ParameterCheck)
            assert isinstance(route.app._app, RightCheck)
            assert not isinstance(route.app._app._app, ParameterCheck | RightCheck)


def test_an_app_with_an_undeclared_route_does_not_start() -> None:
    router = APIRouter()

    @router.get("/salaries")
    async def salaries() -> None: ...

    with pytest.raises(UndeclaredRight, match="/salaries"):
        guard(router.routes)


def test_an_open_route_needs_no_right_even_if_it_names_one() -> None:
    router = APIRouter()

    @router.get("/salaries", openapi_extra={EXTENSION: "read"} | OPEN)
    async def salaries() -> None: ...

    assert right_of(router.routes[0]) is None


async def test_a_missing_key_is_refused_before_the_request_is_read(anybody: Api) -> None:
    for path in ("/orders?limit=nonsense", "/sourcing/nothing", "/orders?cursor=nonsense"):
        answer = await anybody.get(path)
        assert answer.status_code in (401, 404)
    assert_problem(await anybody.post("/orders", content=b"not json"), 401, "unauthenticated")


def test_the_rights_of_a_channel_are_exactly_these() -> None:
    assert RIGHTS[Role.CHANNEL] == {
        Right.READ,
        Right.SEE_WORK,
        Right.SEE_PEOPLE,
        Right.PROMISE,
        Right.PLACE,
        Right.CANCEL,
        Right.EDIT,
        Right.SHARE_LINK,
        Right.ASK_RETURN,
        Right.TELL_DISPUTE,
        Right.SUBSCRIBE,
        Right.BULK,
    }
    assert {role for role, rights in RIGHTS.items() if Right.READ_OPERATIONS in rights} == set(Role) - {
        Role.CHANNEL,
        Role.STORE,
    }
