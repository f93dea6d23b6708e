"""The adaptors by app key, and which pairs the matrix plays."""

from portal.matrix.apps.base import Adaptor, NoServer
from portal.matrix.apps.carddav import CardDav
from portal.matrix.apps.hubspot import HubSpot
from portal.matrix.apps.salesforce import Salesforce
from portal.matrix.apps.sansan import Sansan
from portal.matrix.apps.snovio import Snovio

__all__ = ["ADAPTORS", "PAIRS", "Adaptor", "NoServer"]

ADAPTORS: dict[str, type[Adaptor]] = {each.key: each for each in (HubSpot, Snovio, Sansan, CardDav, Salesforce)}

PAIRS = [
    ("hubspot", "snovio"),
    ("hubspot", "salesforce"),
    ("hubspot", "sansan"),
    ("hubspot", "dynamics"),
    ("hubspot", "tryton"),
    ("hubspot", "carddav"),
    ("tryton", "carddav"),
    ("tryton", "hubspot"),
]
"""(hub, app); those without an adaptor yet are named and left out."""
