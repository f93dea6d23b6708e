from integrations.connectors.hubspot.app import APP

__all__ = ["APP"]
