"""Faults that a person or a test injects into the API requests of one stand-in.

A rule picks requests (by path, method, and either the next *n* of them or a probability), for as long as it ``lasts``, and says
what happens to them:

========== =====================================================================================================
``status`` the vendor's answer for ``status`` (429, 502, …), **before** any effect; ``retry_after`` adds the header
``slow``   the request waits ``seconds`` first, then goes on
``lost``   the request has its **effect**, then the connection closes without an answer
``late``   the request has its effect, the answer comes ``seconds`` later
``close``  the connection closes **before** any effect
========== =====================================================================================================

Webhook calls are disturbed by ``duplicate`` and ``shuffle`` (probabilities) in ``/_control/webhooks``.
"""

import random
import re
import time
from dataclasses import asdict, dataclass, field
from typing import Any

KINDS = ("status", "slow", "lost", "late", "close")


@dataclass
class Rule:
    fault: str
    match: str = ""  # regular expression searched in "METHOD /path"; "" = every request
    next: int | None = None  # how many requests are still to be hit; None = use probability
    probability: float = 1.0
    status: int = 502
    seconds: float = 2.0
    retry_after: float | None = None
    skip: int = 0  # let this many matching requests through first
    lasts: float | None = None  # seconds after which the rule is gone; None = until it is cleared
    hits: int = 0
    added_at: float = field(default_factory=time.monotonic, init=False, repr=False)
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.fault not in KINDS:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}.")
        self.pattern = re.compile(self.match)

    def shown(self) -> dict[str, Any]:
        return {key: value for key, value in asdict(self).items() if key not in ("pattern", "added_at")}

    @property
    def is_over(self) -> bool:
        return self.lasts is not None and time.monotonic() > self.added_at + self.lasts


class Faults:
    """The rules of one vendor. The seeded generator makes a run with probabilities repeatable."""

    def __init__(self, *, seed: int) -> None:
        self.rules: list[Rule] = []
        self.down = ""  # "", "503" or "close": an outage of the whole API
        self.duplicate = 0.0  # probability that a webhook call is sent twice
        self.shuffle = 0.0  # probability that the notifications of a call change places
        self.random = random.Random(seed)

    def add(self, **given: Any) -> Rule:
        """Raises ValueError or TypeError for a rule that makes no sense."""
        rule = Rule(**given)
        self.rules.append(rule)
        return rule

    def forget_old(self) -> None:
        self.rules = [rule for rule in self.rules if not rule.is_over]

    def clear(self) -> None:
        self.rules.clear()
        self.down, self.duplicate, self.shuffle = "", 0.0, 0.0

    def pick(self, method: str, path: str) -> Rule | None:
        """The first rule that hits this request; counts it."""
        if not self.rules:
            return None
        self.forget_old()
        line = f"{method} {path}"
        for rule in self.rules:
            if rule.pattern.search(line) and self._hits(rule):
                rule.hits += 1
                if rule.next == 0:
                    self.rules.remove(rule)
                return rule
        return None

    def _hits(self, rule: Rule) -> bool:
        if rule.skip > 0:
            rule.skip -= 1
            return False
        if rule.next is None:
            return self.random.random() < rule.probability
        rule.next -= 1
        return True

    def configure(self, text: str) -> None:
        """Rules in short: ``lost=0.01,502=0.02,429=0.01,slow=0.05,close=0.01,duplicate=0.1`` (probabilities)."""
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, share = part.partition("=")
            probability = float(share or 1)
            if name in ("duplicate", "shuffle"):
                setattr(self, name, probability)
            elif name.isdigit():
                self.add(fault="status", status=int(name), probability=probability)
            else:
                self.add(fault=name, probability=probability)
