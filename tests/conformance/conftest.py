from tests.standins.conftest import hubspot, standins

__all__ = ["hubspot", "standins"]
