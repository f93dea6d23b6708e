"""Helpers around child processes, shared with what starts servers for demos."""

from integrations.standins.processes import PR_SET_PDEATHSIG, die_with_parent, free_port, stop

__all__ = ["PR_SET_PDEATHSIG", "die_with_parent", "free_port", "stop"]
