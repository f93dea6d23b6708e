"""Processes that end with the one that started them."""

import ctypes
import signal
import sys

PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """The kernel sends this process ``number`` when its parent is gone, however that happened. Only Linux can; elsewhere nothing
    happens."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, number)
