from integrations.connectors.carddav.app import APP

__all__ = ["APP"]
