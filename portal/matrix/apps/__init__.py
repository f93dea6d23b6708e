"""The adaptors by app key, and which pairs the matrix plays."""

from portal.matrix.apps.base import Adaptor, NoServer
from portal.matrix.apps.carddav import CardDav
from portal.matrix.apps.dynamics import Dynamics
from portal.matrix.apps.hubspot import HubSpot
from portal.matrix.apps.sansan import Sansan
from portal.matrix.apps.snovio import Snovio
from portal.matrix.apps.tryton import Tryton

__all__ = ["ADAPTORS", "PAIRS", "Adaptor", "NoServer"]

ADAPTORS: dict[str, type[Adaptor]] = {each.key: each for each in (HubSpot, Snovio, Sansan, CardDav, Dynamics, Tryton)}

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
