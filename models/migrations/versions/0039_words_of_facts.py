"""What people and partners write with a fact stands beside the sealed log, where erasing a person reaches it"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

# Workers of the version before still write words into their facts, so the database takes them out. A fact that is there
# already is refused or passed over by its key. Whoever erases a person holds the order: words that come later are dropped.
SET_APART = """
    CREATE FUNCTION set_words_apart() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        said jsonb;
        season text := replace(gen_random_uuid()::text, '-', '');
        is_erased boolean;
    BEGIN
        SELECT jsonb_object_agg(name, value) INTO said FROM jsonb_each(NEW.data) AS told (name, value)
        WHERE name = ANY (ARRAY['reason', 'note', 'detail', 'written', 'used', 'unknown_goods'])
            AND value NOT IN ('""', 'null', '{}', '[]', 'false');
        IF said IS NULL OR EXISTS (
            SELECT FROM order_events WHERE order_id = NEW.order_id AND key = NEW.key)
        THEN
            RETURN NEW;
        END IF;
        SELECT starts_with(customer_id, 'erased-') INTO is_erased FROM orders
        WHERE order_id = NEW.order_id FOR KEY SHARE;
        NEW.data := NEW.data - ARRAY(SELECT jsonb_object_keys(said)) || jsonb_build_object(
            'words', encode(sha256(convert_to(season || said::text, 'UTF8')), 'hex'));
        IF NOT is_erased THEN
            INSERT INTO event_words (event_id, order_id, salt, words)
            VALUES (NEW.event_id, NEW.order_id, season, said);
        END IF;
        RETURN NEW;
    END $$
"""
WATCH = """
    CREATE TRIGGER words_apart BEFORE INSERT ON order_events FOR EACH ROW
    WHEN (NEW.data ?| ARRAY['reason', 'note', 'detail', 'written', 'used', 'unknown_goods'])
    EXECUTE FUNCTION set_words_apart()
"""


def upgrade() -> None:
    op.create_table(
        "event_words",
        sa.Column("event_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("order_id", sa.Text(), nullable=False),
        sa.Column("salt", sa.Text(), nullable=False),
        sa.Column("words", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_event_words")),
    )
    op.create_index("ix_event_words_order", "event_words", ["order_id"])
    op.execute(SET_APART)
    op.execute(WATCH)
