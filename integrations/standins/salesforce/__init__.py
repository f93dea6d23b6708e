"""Salesforce as far as a sync of CRM records meets it: sign-in with OAuth, the REST API, Bulk API 2.0, a page for people.

People sign in at one address (in reality login.salesforce.com); every org answers at an address of its own, which the token's
``instance_url`` names. Two orgs have overlapping people.

Where Salesforce's documents are silent, it does what makes a connector careful: stamps have whole seconds, so that many rows share
one; blanks around texts are cut off; the contacts and deals of an account go into the recycle bin with it, and whoever has cases
cannot be deleted. It does not have: SOSL, GROUP BY, TYPEOF, layouts, assignment rules, Shared Activities, person accounts, several
currencies, state and country picklists, streaming, outbound messages.
"""

from typing import Any

from integrations.standins.salesforce.vendor import Salesforce
from integrations.standins.vendor import World

__all__ = ["Salesforce", "create"]


def create(world: World, settings: dict[str, Any]) -> Salesforce:
    return Salesforce(world, settings)
