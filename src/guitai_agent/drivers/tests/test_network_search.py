"""The search of the shop's own network for printers on port 9100."""

import socket
import threading
import time
from types import SimpleNamespace

import pytest

from guitai_agent.drivers import network
from guitai_agent.drivers.network import NetworkSearch, is_private, neighbours, own_addresses

READY = b"\x12\x10\x04\x01"


class Host:
    """Something that listens on 127.0.0.x: ``answers`` maps what it is told to what it says."""

    def __init__(self, address, port=0, answers=None):
        self.heard = bytearray()
        self.visits = 0
        self._answers = answers
        self._listener = socket.create_server((address, port))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            if self._answers is None:
                return
            while data := connection.recv(64):
                self.heard += data
                reply = self._answers.get(bytes(data), b"")
                if reply:
                    connection.sendall(reply)

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


EPSON = {b"\x10\x04\x01": b"\x12", b"\x1dIB": b"_EPSON\0", b"\x1dIC": b"_TM-m30III\0"}
CLONE = {b"\x10\x04\x01": b"\x16"}
OFFICE = {}


@pytest.fixture
def shop():
    epson = Host("127.0.0.2", answers=EPSON)
    hosts = {
        "epson": epson,
        "clone": Host("127.0.0.3", epson.port, CLONE),
        "office": Host("127.0.0.4", epson.port, OFFICE),
        "rude": Host("127.0.0.5", epson.port, None),
    }
    yield SimpleNamespace(port=epson.port, **hosts)
    for host in hosts.values():
        host.close()


def search_in(shop, first=2, last=9, **options):
    hosts = [f"127.0.0.{n}" for n in range(first, last)]
    return NetworkSearch(
        addresses=lambda: ["10.0.0.1"], hosts=lambda own: hosts, port=shop.port, **options
    )


def test_printers_are_found_and_called_by_their_names(shop):
    found = search_in(shop)()
    told = [(each.device.id, each.device.profile, each.answered) for each in found]
    place = "tcp:127.0.0.{}:" + str(shop.port)
    assert told == [
        (place.format(2), "TM-m30III", True),
        (place.format(3), "generic-80", True),  # a clone does not say who it is
        (place.format(4), "generic-80", False),
        (place.format(5), "generic-80", False),
    ]
    assert found[0].device.name == "Epson TM-m30III（127.0.0.2）"
    assert found[1].device.name == f"127.0.0.3:{shop.port}"


def test_a_stranger_hears_one_question_and_nothing_else(shop):
    search_in(shop)()
    assert shop.office.heard == b"\x10\x04\x01"
    assert shop.clone.heard == b"\x10\x04\x01\x1dIB\x1dIC"


def test_the_printer_in_use_is_not_disturbed(shop):
    found = search_in(shop)([f"127.0.0.2:{shop.port}"])
    assert shop.epson.visits == 0
    assert len(found) == 3


def test_who_asks_right_after_gets_the_same_answer(shop):
    search = search_in(shop)
    assert search() == search()
    assert shop.epson.visits == 1


def test_time_runs_out_however_many_hosts_there_are(shop, monkeypatch):
    async def never(host, port):
        await network.asyncio.sleep(60)

    monkeypatch.setattr(network.asyncio, "open_connection", never)
    began = time.monotonic()
    assert search_in(shop, 1, 250, seconds=0.5)() == []
    assert time.monotonic() - began < 2


def test_nobody_there():
    search = NetworkSearch(addresses=list, hosts=neighbours)
    assert search() == []


def test_only_private_networks_are_searched():
    hosts = neighbours(["192.168.1.20", "8.8.8.8", "127.0.0.1", "169.254.3.4", "192.168.1.21"])
    assert len(hosts) == 252  # 254 of the /24 without our own two
    assert all(host.startswith("192.168.1.") for host in hosts)
    assert "192.168.1.20" not in hosts


def test_no_more_than_four_networks():
    assert len(neighbours(f"10.0.{n}.1" for n in range(9))) == 4 * 253


@pytest.mark.parametrize(
    "address, private",
    [("10.1.2.3", True), ("172.16.0.1", True), ("172.32.0.1", False), ("192.168.255.1", True),
     ("192.169.0.1", False), ("127.0.0.1", False), ("100.64.0.1", False), ("fe80::1", False),
     ("printer", False)],
)  # fmt: skip
def test_private_addresses(address, private):
    assert is_private(address) == private


def test_this_machine_knows_its_addresses():
    assert "127.0.0.1" in own_addresses()
