"""Facts that must hold, one SQL file each: run every 15 minutes and at the end of every journey.

A file's first comment line is the fact as a sentence; its query returns the rows that break it, as
``(merchant_id, subject, detail)``. Files read across all merchants on purpose.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

FACTS = Path(__file__).parent / "facts"
SHOWN = 20
"""How many breaking rows of one fact are named; their number is always told."""


@dataclass(frozen=True, slots=True)
class Broken:
    """One fact that does not hold, with the rows that break it."""

    name: str
    sentence: str
    count: int
    rows: tuple[tuple[str, str, str], ...]

    @property
    def detail(self) -> str:
        shown = "；".join(f"{subject} {detail}".strip() for _, subject, detail in self.rows)
        return f"{self.sentence}（{self.count} 筆不符：{shown}）"

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def names() -> list[str]:
    return sorted(path.stem for path in FACTS.glob("*.sql"))


def broken() -> list[Broken]:
    """Every fact that does not hold now; an empty list is the good answer."""
    return [found for name in names() if (found := _look(name)) is not None]


def _look(name: str) -> Broken | None:
    from django.db import connection

    text = (FACTS / f"{name}.sql").read_text(encoding="utf-8")
    sentence = text.splitlines()[0].removeprefix("-- ").strip()
    with connection.cursor() as cursor:
        cursor.execute(text)
        rows = [tuple(map(str, row)) for row in cursor.fetchall()]
    if not rows:
        return None
    return Broken(name, sentence, len(rows), tuple(rows[:SHOWN]))  # type: ignore[arg-type]
