"""Helpers around child processes, shared with what starts servers for demos."""

from integrations.standins.processes import free_port, stop
from portal.processes import die_with_parent

__all__ = ["die_with_parent", "free_port", "stop"]
