"""docs/channels.md is the table of platforms as it is."""

from tests.docs.channels import PAGE, written


def test_the_page_of_channels_is_current() -> None:
    assert PAGE.read_text() == written(), "the table has changed: run `python -m tests.docs.channels`"
