"""Network printers: who in this shop's own network answers on port 9100 (product.md B.17.6).

Only private IPv4 networks, only the /24 around each address of this machine, only when a person
asks. Whoever accepts the connection is asked DLE EOT 1 and nothing else until it has answered; then
its maker and model (GS I 66, 67). A printer that got another address must be searched for again:
over TCP nothing else tells one from another.
"""

import asyncio
import ipaddress
import logging
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..escpos import commands
from ..knowledge import DEFAULT, by_model
from .ports import Device

log = logging.getLogger(__name__)
RAW_PORT = 9100
PRIVATE = tuple(map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")))
SEARCH_SECONDS = 4.5
CONNECT_SECONDS = 0.8
ANSWER_SECONDS = 0.6
AT_ONCE = 120  # Windows' select takes no more than 512 sockets
MOST_NETWORKS = 4
FRESH_SECONDS = 3.0
SIOCGIFADDR = 0x8915


@dataclass(frozen=True, slots=True)
class Found:
    """A host that accepted. ``answered``: it speaks ESC/POS; else it may be busy with another till
    or no receipt printer at all."""

    device: Device
    answered: bool


def own_addresses() -> list[str]:
    """This machine's IPv4 addresses, private or not."""
    found = [*_interface_addresses(), *_route_addresses()]
    try:
        found += [str(info[4][0]) for info in socket.getaddrinfo(
            socket.gethostname(), None, socket.AF_INET)]  # fmt: skip
    except OSError as error:  # a host name nobody can resolve
        log.debug("own name: %s", error)
    return list(dict.fromkeys(found))


def is_private(address: str) -> bool:
    """RFC 1918 only: neither loopback nor link-local nor anybody else's network."""
    try:
        given = ipaddress.IPv4Address(address)
    except ValueError:
        return False
    return any(given in network for network in PRIVATE)


def neighbours(own: Iterable[str]) -> list[str]:
    """The hosts of the /24 around each private address, without ourselves."""
    ours = [address for address in own if is_private(address)]
    networks = dict.fromkeys(ipaddress.ip_network(f"{each}/24", strict=False) for each in ours)
    hosts = [str(host) for network in list(networks)[:MOST_NETWORKS] for host in network.hosts()]
    return [host for host in hosts if host not in ours]


@dataclass
class NetworkSearch:
    """Searches at most once at a time; who asks meanwhile or right after gets the same answer."""

    addresses: Callable[[], list[str]] = own_addresses
    hosts: Callable[[Iterable[str]], list[str]] = neighbours
    port: int = RAW_PORT
    seconds: float = SEARCH_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _last: tuple[float, list[Found]] = (float("-inf"), [])

    def __call__(self, skip: Iterable[str] = ()) -> list[Found]:
        """Everybody found, those that answered first. ``skip`` are addresses (host:port) in use:
        a second connection would cut the first one off on some printers."""
        with self._lock:
            if time.monotonic() - self._last[0] > FRESH_SECONDS:
                avoid = set(skip)
                hosts = [h for h in self.hosts(self.addresses()) if f"{h}:{self.port}" not in avoid]
                found = asyncio.run(search(hosts, self.port, self.seconds))
                self._last = (time.monotonic(), found)
            return self._last[1]


async def search(hosts: Iterable[str], port: int, seconds: float) -> list[Found]:
    """Knock at every host, 120 at a time; what has not answered when time is up is left out."""
    turnstile = asyncio.Semaphore(AT_ONCE)

    async def visit(host: str) -> Found | None:
        async with turnstile:
            return await _visit(host, port)

    tasks = [asyncio.create_task(visit(host)) for host in hosts]
    if not tasks:
        return []
    done, late = await asyncio.wait(tasks, timeout=seconds)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)
    found = [result for task in done if (result := task.result()) is not None]
    return sorted(found, key=lambda each: (not each.answered, _number(each.device.port)))


async def _visit(host: str, port: int) -> Found | None:
    try:
        reader, writer = await asyncio.wait_for(
            asyncio.open_connection(host, port), CONNECT_SECONDS
        )
    except (OSError, TimeoutError):  # nobody there: the usual case, 250 times a search
        return None
    try:
        maker, model = await _introduce(reader, writer)
    except OSError as error:
        log.info("%s:%d hung up: %s", host, port, error)
        return Found(_device(host, port, "", ""), answered=False)
    except Silent:
        return Found(_device(host, port, "", ""), answered=False)
    finally:
        writer.close()
    return Found(_device(host, port, maker, model), answered=True)


class Silent(Exception):
    """It accepted the connection and does not speak ESC/POS now."""


async def _introduce(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> tuple[str, str]:
    """(maker, model), empty where it would not say; ``Silent`` without a reply to DLE EOT 1."""
    writer.write(commands.status_query(1))
    said = await _hear(reader, lambda data: bool(data))
    if not any(byte & 0x93 == 0x12 for byte in said):
        raise Silent
    return await _identity(reader, writer, 66), await _identity(reader, writer, 67)


async def _identity(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, n: int) -> str:
    """GS I n: ``_`` text NUL. Clones may stay silent (printing.md §1)."""
    writer.write(bytes((0x1D, 0x49, n)))
    said = await _hear(reader, lambda data: data.endswith(b"\0"))
    text, nul, _ = said[said.find(b"_") + 1 :].partition(b"\0")
    return text.decode("ascii", "replace").strip()[:40] if nul and b"_" in said else ""


async def _hear(reader: asyncio.StreamReader, enough: Callable[[bytes], bool]) -> bytes:
    said = b""
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            while not enough(said) and len(said) < 256:
                data = await reader.read(64)
                if not data:
                    break
                said += data
    except TimeoutError:
        pass  # what was said until now is all there is
    return said


def _device(host: str, port: int, maker: str, model: str) -> Device:
    known = by_model(model)
    address = f"{host}:{port}"
    name = known.title if known else f"{maker} {model}".strip()
    return Device(
        id=f"tcp:{address}",
        kind="tcp",
        name=f"{name}（{host}）" if name else address,
        port=address,
        profile=known.name if known else DEFAULT,
    )


def _number(address: str) -> tuple[int, ...]:
    return tuple(int(part) for part in address.partition(":")[0].split("."))


def _interface_addresses() -> list[str]:
    """Linux: every interface's own IPv4 address."""
    if sys.platform != "linux":
        return []
    import fcntl

    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _, name in socket.if_nameindex():
            try:
                told = fcntl.ioctl(probe, SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:  # an interface without IPv4
                continue
            found.append(socket.inet_ntoa(told[20:24]))
    return found


def _route_addresses() -> list[str]:
    """From which address the system would speak to each private network; nothing is sent."""
    found = []
    for target in ("10.255.255.254", "172.16.255.254", "192.168.255.254", "192.0.2.1"):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                probe.connect((target, 9))
            except OSError:  # no way there
                continue
            found.append(probe.getsockname()[0])
    return found
