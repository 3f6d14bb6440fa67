"""Whatever the rooms write into the audit trail has a word at the desk."""

import re
from pathlib import Path

import pytest

from guitai.backoffice.words import verb_word

ROOMS = Path(__file__).resolve().parents[2]
CALL = re.compile(
    r"(?:audit\.record|kernel_record_audit)\((?:[^()]|\([^()]*\))*?[\"']([a-z_]+\.[a-z_]+)[\"']",
)


def verbs():
    sources = [*ROOMS.rglob("*.py"), *ROOMS.rglob("sql/*.sql")]
    texts = [path.read_text("utf-8") for path in sources if "tests" not in path.parts]
    return sorted({verb for text in texts for verb in CALL.findall(text)})


def test_the_verbs_are_found_in_the_sources():
    assert {"order.complete", "register.bind", "product.change"} <= set(verbs())


@pytest.mark.parametrize("verb", verbs())
def test_every_verb_has_its_word(verb):
    assert verb_word(verb) != verb
