from integrations.connectors.kinto.app import APP

__all__ = ["APP"]
