"""Links in answers."""

from urllib.parse import quote

from api.schemas import Links
from settings import Settings


def order_links(settings: Settings, order_id: str, workflow_id: str) -> Links:
    return Links(
        self=f"/orders/{order_id}", events=f"/orders/{order_id}/events", workflow=workflow_link(settings, workflow_id)
    )


def workflow_link(settings: Settings, workflow_id: str) -> str:
    """Return the URL of a workflow's page in the Temporal UI."""
    base = settings.temporal_ui_url.rstrip("/")
    return f"{base}/namespaces/{settings.temporal_namespace}/workflows/{quote(workflow_id, safe='')}"
