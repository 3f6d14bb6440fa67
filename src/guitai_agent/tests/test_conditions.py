"""Every trouble on the way to the paper is named within a second, and cured or explained.

The list is ``conditions.CONDITIONS`` (printing.md §5, §6); ``docs/conditions.md`` is made of it.
"""

import pytest

from guitai_agent.tests.conditions import CONDITIONS, LIMIT, play
from guitai_agent.tests.stage import Stage

PLAYED = [(wire, each) for wire in ("pty", "tcp") for each in CONDITIONS if wire in each.wires]


class Stages:
    """One agent for all conditions of a wire: a shop's agent lives through them one by one too.

    What a failed condition leaves behind must not fail the next ones: then a new agent is taken.
    """

    def __init__(self, folders):
        self._folders, self._made = folders, {}

    def play(self, wire, condition):
        stage = self._made.pop(wire, None) or Stage(self._folders.mktemp(wire), wire)
        try:
            seconds, _ = play(stage, condition)
        except BaseException:
            stage.close()
            raise
        self._made[wire] = stage
        return seconds

    def close(self):
        for stage in self._made.values():
            stage.close()


@pytest.fixture(scope="module")
def stages(tmp_path_factory):
    made = Stages(tmp_path_factory)
    yield made
    made.close()


@pytest.mark.parametrize(
    "wire, condition", PLAYED, ids=[f"{wire}-{each.name}" for wire, each in PLAYED]
)
def test_named_within_a_second_and_mended(stages, wire, condition):
    played = stages.play(wire, condition)
    assert played < LIMIT
