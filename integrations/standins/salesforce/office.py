"""An org with what the API keeps beside its records: queries that are being read, bulk jobs, the allocation of requests."""

from integrations.standins.salesforce.allocation import Allocation
from integrations.standins.salesforce.bulk import Bulk
from integrations.standins.salesforce.org import Org
from integrations.standins.salesforce.queries import Queries


class Office:
    def __init__(self, org: Org) -> None:
        self.org = org
        self.queries = Queries(org)
        self.allocation = Allocation(org.clock)
        self.bulk = Bulk(self)
        self.sign_in = ""  # the address where people sign in

    def clear(self) -> None:
        self.org.clear()
        self.queries.cursors.clear()
        self.allocation.clear()
        self.bulk.jobs.clear()
