"""How long to wait before the next try."""

from dataclasses import dataclass
from random import Random


@dataclass(slots=True)
class Backoff:
    """Exponential waits with equal jitter: between half and all of the step."""

    least_s: float
    most_s: float
    rng: Random
    failures: int = 0

    def next_s(self) -> float:
        """The next wait."""
        step_s = min(self.most_s, self.least_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return step_s * self.rng.uniform(0.5, 1.0)

    def reset(self) -> None:
        """It worked."""
        self.failures = 0
