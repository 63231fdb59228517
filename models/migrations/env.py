"""Alembic's way in: it is given an open connection by models/schema.py and never reads a file of its own."""

from alembic import context

from models.base import Base

context.configure(connection=context.config.attributes["connection"], target_metadata=Base.metadata)
with context.begin_transaction():
    context.run_migrations()
