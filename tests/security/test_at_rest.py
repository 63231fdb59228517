"""D23: secrets and personal data are protected on disk, in sheets and in caches."""

import csv
import stat
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from commands.channels import save_account
from commands.keys import create_key
from commands.migrate import seal_secrets
from commands.sheets import read_sheet, write_sheet
from embedded.accounts import close_to_others
from embedded.services import Service
from models.database import Sessions, sessions
from models.vault import Vault, VaultError
from record.channels.accounts import find_account
from settings import Settings
from tests.api.conftest import NOBODY, running
from tests.conftest import SECRETS_KEY
from tests.record.receiver import Post

NEW_KEY = "a7" * 32
TOKEN, SECRET = "shpat_0123456789", "whsec_0123456789"
PULL = {"pull": {"url": "https://our-shop.myshopify.com/admin/api/2025-10", "token": TOKEN}}
SHOP = {"currency": "GBP", "country": "GB"}


@pytest.fixture
def record(engine: Engine) -> Sessions:
    return sessions(engine, Vault(SECRETS_KEY))


def stored_rows(record: Sessions) -> str:
    """The rows of channel accounts and subscriptions as text, as the database stores them."""
    whole = text(
        "SELECT (SELECT json_agg(a) FROM channel_accounts a)::text || (SELECT json_agg(s) FROM subscriptions s)"
    )
    with record() as session:
        return str(session.scalar(whole))


def pull_token(record: Sessions, channel: str) -> str:
    account = find_account(record, channel)
    assert account is not None
    assert account.pull is not None
    return account.pull.token.get_secret_value()


async def test_secrets_of_channels_and_subscribers_are_sealed_in_the_database(
    record: Sessions, settings: Settings
) -> None:
    # when an account and a subscription are made
    save_account(record, "shop-uk", "shopify", SECRET, SHOP | PULL)
    private = {"temporal_address": NOBODY, "subscriptions_private": True}
    async with running(settings.model_copy(update=private)) as connect:
        staff = connect(create_key(record, "Sun of support", "staff"))
        made = await staff.post("/subscriptions", json={"url": "http://127.0.0.1:9/", "types": ["*"]})
        rotated = await staff.post(f"/subscriptions/{made.json()['subscription_id']}/secret", json={})

    # then their secrets are readable for Baton and not in the database
    stored = stored_rows(record)
    for secret in (TOKEN, SECRET, made.json()["secret"], rotated.json()["secret"]):
        assert secret not in stored
    assert pull_token(record, "shop-uk") == TOKEN


def test_open_secrets_are_sealed_and_a_key_can_be_replaced(record: Sessions) -> None:
    # given an account from before secrets were sealed, and a subscription
    save_account(record, "shop-uk", "shopify", SECRET, SHOP | PULL)
    with record.begin() as session:
        token = text(
            "UPDATE channel_accounts SET secret = :secret, settings = jsonb_set(settings, '{pull,token}', :token)"
        )
        session.execute(token, {"secret": SECRET, "token": f'"{TOKEN}"'})
    subscription = Post(record).subscribe("http://127.0.0.1:9/", secret=SECRET)
    assert pull_token(record, "shop-uk") == TOKEN

    # when everything is sealed with a new key, the old one still being known
    engine = record.kw["bind"]
    with sessions(engine, Vault(NEW_KEY, SECRETS_KEY)).begin() as session:
        assert seal_secrets(session) == 2

    # then only the new key reads it, and the errors of others say why
    assert TOKEN not in stored_rows(record)
    assert SECRET not in stored_rows(record)
    assert pull_token(sessions(engine, Vault(NEW_KEY)), "shop-uk") == TOKEN
    assert Post(record).subscription(subscription).secret.startswith("sealed:")
    with pytest.raises(VaultError, match="another key"):
        find_account(record, "shop-uk")
    with pytest.raises(VaultError, match="no vault"):
        find_account(sessions(engine), "shop-uk")


async def test_answers_forbid_caching_and_sniffing_and_enforce_tls(record: Sessions, settings: Settings) -> None:
    # given
    async with running(settings.model_copy(update={"temporal_address": NOBODY})) as connect:
        staff = connect(create_key(record, "Sun of support", "staff"))

        # when
        plain = await staff.get("/orders")
        unknown = await staff.get("/nowhere")
        over_tls = await staff.get("https://baton/orders")

    # then
    for answer in (plain, unknown, over_tls):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in plain.headers
    assert over_tls.headers["strict-transport-security"] == "max-age=31536000"


@pytest.mark.parametrize("name", ["goods.csv", "goods.xlsx"])
def test_a_title_is_never_a_formula_in_a_sheet_and_survives_the_round_trip(tmp_path: Path, name: str) -> None:
    # given titles that a spreadsheet would take for formulas
    titles = ["=1+1", "@SUM(A1)", "+49 tea", "-5 % off", "'quoted", "plain"]

    # when they are exported
    write_sheet(tmp_path / name, ["sku", "title"], [(f"SKU-{place}", title) for place, title in enumerate(titles)])

    # then none is a formula in the file, and an import reads the original titles
    if name.endswith("csv"):
        with (tmp_path / name).open(newline="") as file:
            assert not any(row[1].startswith(("=", "+", "-", "@", "\t")) for row in csv.reader(file))
    found = read_sheet(tmp_path / name, ["sku", "title"], ["sku", "title"])
    assert [row.cells["title"] for row in found] == titles


def test_only_the_owner_can_read_data_and_logs(tmp_path: Path) -> None:
    # given a directory as an earlier version left it
    data_dir = tmp_path / "data"
    (data_dir / "logs").mkdir(parents=True, mode=0o755)
    (data_dir / "logs" / "api.log").write_text("")
    (data_dir / "temporal.db").write_text("")

    # when Baton starts on it, with a service that writes a file
    close_to_others(data_dir)
    service = Service("writer", ["/bin/sh", "-c", f"echo > {data_dir}/made"], data_dir=data_dir, env={}, address="")
    service.start()
    assert service.process is not None
    service.process.wait()
    service.stop()

    # then others may read none of it
    open_ = [path for path in [data_dir, *data_dir.rglob("*")] if stat.S_IMODE(path.stat().st_mode) & 0o077]
    assert open_ == []
    assert (data_dir / "made").exists()
