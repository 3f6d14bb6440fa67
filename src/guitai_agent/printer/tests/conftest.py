"""A virtual printer, and a shop that prints on it."""

import pytest

from guitai_agent.tests.rig import Plug, Shop, new_printer, until


@pytest.fixture
def printer():
    device = new_printer()
    yield device
    device.close()


@pytest.fixture
def plug(printer):
    return Plug(printer)


@pytest.fixture
def shop(tmp_path, plug):
    opened = Shop(tmp_path, plug).start()
    until(lambda: opened.worker.report.link == "up")
    yield opened
    opened.stop()
