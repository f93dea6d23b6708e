from integrations.connectors.snovio.app import APP

__all__ = ["APP"]
