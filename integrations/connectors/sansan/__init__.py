from integrations.connectors.sansan.app import APP

__all__ = ["APP"]
