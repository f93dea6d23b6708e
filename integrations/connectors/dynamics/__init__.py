from integrations.connectors.dynamics.app import APP

__all__ = ["APP"]
