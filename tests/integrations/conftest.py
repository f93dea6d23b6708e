from tests.contract.conftest import hubspot_control, hubspot_standin, server  # noqa: F401 - the same fixtures here too
