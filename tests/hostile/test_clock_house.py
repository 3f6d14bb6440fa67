"""The end of a period in real processes: server, worker, database, sandbox and their clocks.

S2.20: what is sold at 23:59 of the last day is uploaded at 09:00 of the next day, under its own
date and its own track.
"""

import json
import subprocess
import sys
import time

import pytest

from guitai.config.till_client import Refused, Till, sale_of
from tests.house import ROOT, House, house_folder

pytestmark = pytest.mark.slow
NINE = 9 * 3600


class Clockwork:
    """A house whose clocks are all set at once; ``now`` is what they show, as POSIX seconds."""

    def __init__(self, house):
        self.house, self.offset = house, 0.0

    @property
    def now(self):
        return time.time() + self.offset

    def set(self, moment):
        step = moment - self.now
        self.offset += step
        # Written beside and moved over it: a process must never read half a number.
        fresh = self.house.clock_file.with_suffix(".new")
        fresh.write_text(str(self.offset))
        fresh.replace(self.house.clock_file)
        self.house.sandbox_says("clock", {"add_seconds": step})

    def run(self, task, **arguments):
        done = subprocess.run(
            [sys.executable, "-m", "tests.hostile.clock_tasks", task, json.dumps(arguments)],
            cwd=ROOT,
            env=self.house.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.strip().splitlines()[-1])


def sold(till):
    product = till.call("GET", "products")["products"][0]
    return till.sell(sale_of([product], {"kind": "paper"}))["invoice"]["number"]


def test_the_last_minute_of_a_period_is_uploaded_the_next_morning_as_what_it_is():
    with house_folder() as folder, House(folder) as house:
        works = Clockwork(house)
        seeded = works.run("seed", sandbox=house.sandbox)
        tills = {
            centre: Till(house.base, t["token"], t["session"], timeout=30)
            for centre, t in seeded["tills"].items()
        }
        midnight = seeded["midnight"]

        works.set(midnight - 40)
        before = {centre: sold(till) for centre, till in tills.items()}
        assert works.now < midnight, "the machine was too slow for the last forty seconds"
        works.set(midnight + 1)
        after = {centre: sold(till) for centre, till in tills.items()}
        with pytest.raises(Refused) as caught:
            works.set(midnight - 3600)
            sold(tills["mirle"])
        assert caught.value.error["code"] == "NUM-CLOCK-BACK"

        works.set(midnight + 60)
        rows = {row["number"]: row for row in works.run("state")}
        assert set(rows) == {*before.values(), *after.values()}
        for numbers, day, period in (
            (before, seeded["last_day"], seeded["periods"][0]),
            (after, seeded["first_day"], seeded["periods"][1]),
        ):
            for centre, number in numbers.items():
                assert (rows[number]["date"], rows[number]["period"]) == (day, period)
                assert rows[number]["centre"] == centre
        assert before["mirle"][:2] != after["mirle"][:2]
        assert before["turnkey"][:2] != after["turnkey"][:2]
        assert rows[before["mirle"]]["due"] == midnight + NINE
        assert rows[after["mirle"]]["due"] == midnight + NINE + 86_400
        assert rows[before["mirle"]]["state"] == "waiting"
        assert house.documents(face="mirle") == []

        works.set(midnight + NINE + 5)
        house.wait_until(lambda: house.documents(face="mirle"), 60, "the batch of nine o'clock")
        arrived = house.documents(face="mirle")
        assert [d["number"] for d in arrived] == [before["mirle"]]
        assert arrived[0]["date"].replace("/", "-")[:10] == seeded["last_day"]
        assert works.run("broken_facts") == []
