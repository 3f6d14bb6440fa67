"""What Mirle's refusals mean, from ``refusals.toml``."""

import re
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from guitai.invoicing.ports import Answer
from guitai.invoicing.rules import Outcome
from guitai.providers.centres.mirle.wire import Index


@dataclass(frozen=True, slots=True)
class Refusal:
    pattern: re.Pattern[str]
    outcome: Outcome
    compared: bool


@lru_cache(maxsize=1)
def table() -> tuple[Refusal, ...]:
    text = Path(__file__).with_name("refusals.toml").read_text(encoding="utf-8")
    return tuple(
        Refusal(re.compile(one["pattern"]), Outcome(one["outcome"]), one.get("compared", True))
        for one in tomllib.loads(text)["refusal"]
    )


def meaning_of(index: Index) -> Answer:
    """The outcome of a reply whose REPLY is 0. Unknown texts are ``INVALID``: a person looks."""
    code, text = index.get("ERROR_CODE"), index.get("MESSAGE")
    for one in table():
        if one.pattern.search(text):
            return Answer(one.outcome, code, text, compared=one.compared)
    return Answer(Outcome.INVALID, code, text)
