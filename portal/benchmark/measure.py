"""What a job took."""

import cProfile
import resource
import time
from collections.abc import Callable
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

PEAK_MARK = Path("/proc/self/clear_refs")
STATUS = Path("/proc/self/status")


@dataclass
class Figures:
    records: int = 0
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    requests: int = 0
    peak_mib: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


@contextmanager
def measured(requests: Callable[[], int] = int, profile: Path | None = None) -> Any:
    """Yields Figures that are filled in at the end, but for ``records``. ``requests`` tells how many the apps have got so far."""
    figures = Figures()
    _forget_peak()
    before, used, started = requests(), time.process_time(), time.monotonic()
    with cProfile.Profile() if profile else nullcontext() as profiler:
        yield figures
    figures.seconds = time.monotonic() - started
    figures.cpu_seconds = time.process_time() - used
    figures.requests = requests() - before
    figures.peak_mib = peak_mib()
    if profile and profiler:
        profiler.dump_stats(profile)


def _forget_peak() -> None:
    """Several jobs run in one process, each with a peak of its own (Linux; elsewhere it is that of the process so far)."""
    if PEAK_MARK.exists():
        PEAK_MARK.write_text("5")


def peak_mib() -> float:
    if STATUS.exists():
        line = next(line for line in STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
