"""Numbers to SVG, drawn on the server: no script, colours from the tokens, readable as text."""

from collections.abc import Sequence
from dataclasses import dataclass

EDGE = 2  # half a stroke must not be cut off


@dataclass(frozen=True, slots=True)
class Line:
    """What ``components/_sparkline.html`` draws. Path data are text with points, whatever the reader's language."""

    path: str
    fill: str
    width: int
    height: int


def sparkline(numbers: Sequence[float], width: int = 110, height: int = 30) -> Line:
    """A line through ``numbers``, oldest first, from zero to the highest; flat at the bottom when all are zero."""
    top = max(numbers, default=0) or 1
    step = width / max(1, len(numbers) - 1)
    points = [
        f"{i * step:.1f} {height - EDGE - (height - 2 * EDGE) * number / top:.1f}" for i, number in enumerate(numbers)
    ]
    path = "M" + " L".join(points) if points else ""
    return Line(path, f"{path} L{width} {height} L0 {height} Z" if path else "", width, height)
