"""Alembic's entry point. models/schema.py passes it an open connection; each revision runs in its own transaction."""

from alembic import context

import models.access
import models.arrivals
import models.authorization
import models.bulk
import models.cash
import models.channel
import models.credit
import models.deadlines
import models.disputes
import models.edits
import models.erasure
import models.exports
import models.fulfillment
import models.geography
import models.goods
import models.history
import models.idempotency
import models.listing
import models.messaging
import models.notes
import models.order
import models.parameters
import models.payment
import models.promises
import models.pull
import models.refunds
import models.returns
import models.rules
import models.set_aside
import models.settlements
import models.sourcing
import models.statements
import models.stock
import models.subscription
import models.trace
import models.track
import models.uploads  # noqa: F401  Each import adds its tables to the metadata.
from models.base import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    transaction_per_migration=True,
    on_version_apply=context.config.attributes["on_version_apply"],
)
with context.begin_transaction():
    context.run_migrations()
