"""How wrong the clock of the agent's computer is, in words for the book's sentences."""

UNITS = ((86_400, "天"), (3_600, "小時"), (60, "分鐘"))


def drift_params(drift_ms: int) -> dict[str, object]:
    """``params`` of ``CLOCK_DRIFT`` and ``CLOCK_DATE`` (§11); > 0: the clock is ahead."""
    return {
        "minutes": round(abs(drift_ms) / 60_000),
        "way": "快" if drift_ms > 0 else "慢",
        "amount": _amount(abs(drift_ms) / 1000),
    }


def _amount(seconds: float) -> str:
    """In the largest unit of which there are two."""
    for size, name in UNITS:
        if seconds >= 2 * size:
            return f"{round(seconds / size)} {name}"
    return f"{round(seconds)} 秒"
