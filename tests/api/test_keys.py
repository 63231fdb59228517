"""Keys are random, stored as hashes, and cached for at most half a minute."""

import pytest
from sqlalchemy import select
from typer import Typer
from typer.testing import CliRunner

from api.access import Caller, KeyRing, Role, key_hash
from commands import keys
from models.access import ApiKeyRow
from models.database import Sessions


def test_only_the_hash_of_a_key_is_kept(sessions: Sessions) -> None:
    key = keys.create_key(sessions, "tmall-connector", "channel", "tmall")
    with sessions() as session:
        row = session.scalars(select(ApiKeyRow)).one()
    assert key.startswith("baton_")
    assert row.key_hash == key_hash(key)
    assert key not in str(vars(row))


@pytest.mark.parametrize(("role", "channel"), [("channel", None), ("staff", "tmall"), ("owner", None)])
def test_an_invalid_combination_of_role_and_channel_is_refused(
    sessions: Sessions, role: str, channel: str | None
) -> None:
    with pytest.raises(ValueError, match=r"(?i)role"):
        keys.create_key(sessions, "somebody", role, channel)


async def test_a_revoked_key_ends_within_half_a_minute(sessions: Sessions) -> None:
    # given a key that was used
    clock = [0.0]
    ring = KeyRing(sessions, now=lambda: clock[0])
    key = keys.create_key(sessions, "Sun of support", "staff")
    with sessions() as session:
        key_id = session.scalars(select(ApiKeyRow.key_id)).one()
    assert await ring.caller(key) == Caller(key_id, "Sun of support", Role.STAFF, None)

    # when it is revoked
    assert keys.revoke_keys(sessions, "Sun of support") == 1

    # then it ends when its cache entry has expired
    clock[0] = 29.0
    assert await ring.caller(key)
    clock[0] = 31.0
    assert await ring.caller(key) is None


async def test_guessing_keys_does_not_fill_the_memory(sessions: Sessions) -> None:
    ring = KeyRing(sessions, size=3)
    for number in range(10):
        assert await ring.caller(f"baton_guess-{number}") is None
    assert len(ring._unknown) == 3


def test_keys_are_made_listed_and_revoked_by_command(sessions: Sessions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keys, "_sessions", lambda: sessions)
    app = Typer()
    app.command("create")(keys.create)
    app.command("list")(keys.list_)
    app.command("revoke")(keys.revoke)

    def run(*arguments: str) -> str:
        return CliRunner().invoke(app, arguments).output

    assert run("create", "tmall-connector", "--role", "channel", "--channel", "tmall").startswith("baton_")
    assert "tmall-connector" in run("list")
    assert "1 revoked" in run("revoke", "tmall-connector")
    assert "no key in force" in run("revoke", "tmall-connector")
    assert "role channel has a channel" in run("create", "x", "--role", "channel")
