"""Record what partners report about a fulfillment order, and return how far it is."""

from temporalio import activity

from models.database import Sessions
from record.parameters import ParameterCache
from record.shipping.progress import Progress, Reports, apply_reports


class ProgressReports:
    def __init__(self, sessions: Sessions, parameters: ParameterCache) -> None:
        self.sessions = sessions
        self.parameters = parameters

    @activity.defn
    def record_progress(self, reports: Reports) -> Progress:
        """Apply the new reports, if there are any, and return where the fulfillment order stands."""
        with self.sessions.begin() as session:
            return apply_reports(session, self.parameters, reports)
