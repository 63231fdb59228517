"""Client of the CRM, which keeps the customers' loyalty points."""

from domain.errors import UnknownCustomer
from integrations.http import PartnerHttp, segment


class Crm:
    def __init__(self, http: PartnerHttp) -> None:
        self._http = http

    def points(self, customer_id: str) -> int:
        """Return a customer's current points, negative when more were taken back than the customer had.

        Raises UnknownCustomer, and PartnerTrouble while the CRM does not answer.
        """
        path = f"/customers/{segment(customer_id)}/points"
        answer = self._http.get(path, refusal=UnknownCustomer, expected=(200, 404))
        if answer.status == 404:
            raise UnknownCustomer("unknown_customer", f"the CRM does not know {customer_id}")
        if answer.body.get("customer_id") != customer_id:
            raise answer.trouble("customer_id is another customer's")
        return answer.number("points")
