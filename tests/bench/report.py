"""How a bench says what it found: one JSON object a line (DESIGN §6)."""

import json
import statistics
import time
from collections.abc import Callable, Sequence


def line(bench: str, value: float, unit: str, limit: float, **more: object) -> None:
    """``value`` against the ``limit`` measured in the same run; ``ratio`` is value ÷ limit."""
    said = {"bench": bench, "value": round(value, 4), "unit": unit, "limit": round(limit, 4)}
    said["ratio"] = round(value / limit, 3) if limit else None
    print(json.dumps({**said, **more}, ensure_ascii=False), flush=True)


def interleaved(contenders: dict[str, Callable[[], float]], rounds: int = 3) -> dict[str, float]:
    """Calls every contender in turn, ``rounds`` times; the median of each one's answers."""
    seen: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            seen[name].append(run())
    return {name: statistics.median(values) for name, values in seen.items()}


def milliseconds(work: Callable[[], object], times: int) -> float:
    """Milliseconds for one call, over ``times`` calls."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times * 1000


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]
