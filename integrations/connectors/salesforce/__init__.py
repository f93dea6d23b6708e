from integrations.connectors.salesforce.app import APP

__all__ = ["APP"]
