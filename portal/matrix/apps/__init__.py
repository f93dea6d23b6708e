"""The adaptors by app key, and which pairs the matrix plays."""

from portal.matrix.apps.base import Adaptor, NoServer
from portal.matrix.apps.carddav import CardDav
from portal.matrix.apps.dynamics import Dynamics
from portal.matrix.apps.hubspot import HubSpot
from portal.matrix.apps.salesforce import Salesforce
from portal.matrix.apps.sansan import Sansan
from portal.matrix.apps.snovio import Snovio
from portal.matrix.apps.tryton import Tryton

__all__ = ["ADAPTORS", "PAIRS", "Adaptor", "NoServer"]

ADAPTORS: dict[str, type[Adaptor]] = {
    each.key: each for each in (HubSpot, Snovio, Salesforce, Sansan, CardDav, Dynamics, Tryton)
}

PAIRS: list[tuple[str, ...]] = [
    ("hubspot", "snovio"),
    ("hubspot", "salesforce"),
    ("hubspot", "salesforce", "salesforce"),
    ("hubspot", "sansan"),
    ("hubspot", "sansan", "sansan"),
    ("hubspot", "dynamics"),
    ("hubspot", "dynamics", "dynamics"),
    ("hubspot", "tryton"),
    ("hubspot", "carddav"),
    ("tryton", "carddav"),
    ("tryton", "hubspot"),
]
"""(hub, app), and a second account of the app where two are played at once; those without an adaptor are named and left out."""
