from integrations.connectors.tryton.app import APP

__all__ = ["APP"]
