"""Learn lead times: how long parcels took from each location to each region."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from temporalio import activity

from models.database import Sessions
from record.sourcing.lead_times import LEARNED_FROM, latest_model, refresh_lead_times

FRESH = timedelta(hours=1)
"""A repeat within this time returns what was learned before."""


@dataclass(frozen=True)
class Learned:
    """The version that sourcing uses from now on, and from how many shipments it was learned."""

    version: int
    shipments: int


class LeadTimes:
    def __init__(self, sessions: Sessions) -> None:
        self.sessions = sessions

    @activity.defn
    def learn_lead_times(self) -> Learned:
        """Learn a new version, unless there is one from the last hour."""
        now = datetime.now(UTC)
        with self.sessions.begin() as session:
            model = latest_model(session)
            if model is None or model.learned_at < now - FRESH:
                model = refresh_lead_times(session, now - LEARNED_FROM)
            return Learned(model.version, model.shipments)
