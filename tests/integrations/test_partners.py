"""The clients are built from the settings, each with its partner's policy."""

from datetime import timedelta

from integrations.partners import connect_partners
from settings import Settings


def test_each_recipient_has_its_own_give_up_after(settings: Settings) -> None:
    # given
    hasty = settings.erp.model_copy(update={"give_up_after": timedelta(hours=1)})

    # when
    inboxes = connect_partners(settings.model_copy(update={"erp": hasty})).inboxes

    # then
    assert (inboxes["erp"].give_up_after, inboxes["crm"].give_up_after) == (timedelta(hours=1), timedelta(days=3))
