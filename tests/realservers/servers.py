"""The real servers that tests start."""

from integrations.standins.realservers.carddav import PASSWORD, USER, Book, CardServer, radicale, xandikos

__all__ = ["PASSWORD", "USER", "Book", "CardServer", "radicale", "xandikos"]
