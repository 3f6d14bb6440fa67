"""What may pass between the till page on loopback and its server, header by header.

Pure rules of ``tillpage``: addresses, cookies, headers. Cookies do not know ports, so that every
program on 127.0.0.1 sees the others': ours carry a prefix of their own, and nothing without it is
passed on (RFC 6265 §8.5).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from ..errors import AgentError

Header = tuple[str, str]

ADDRESS = re.compile(r"/(?:pos|static|api/till)/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
HOST_NAME = re.compile(r"[a-z0-9.-]{1,253}|\[[0-9a-f:.]{2,45}\]")
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
PASSED_ON = frozenset(
    {
        "accept",
        "accept-encoding",
        "accept-language",
        "content-type",
        "if-modified-since",
        "if-none-match",
        "sec-fetch-dest",
        "sec-fetch-mode",
        "sec-fetch-site",
        "user-agent",
    }
)
KEPT_BACK = HOP_BY_HOP | frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-origin",
        "alt-svc",
        "clear-site-data",
        "content-length",
        "location",
        "refresh",
        "server",
        "set-cookie",
        "strict-transport-security",
    }
)
OURS = "x-guitai-"


@dataclass(frozen=True, slots=True)
class Upstream:
    """The one server that is served: scheme, host (brackets around IPv6), port."""

    scheme: str
    host: str
    port: int

    @property
    def authority(self) -> str:
        usual = {"http": 80, "https": 443}[self.scheme]
        return self.host if self.port == usual else f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        return f"{self.scheme}://{self.authority}"


def upstream_of(url: str) -> Upstream:
    """``https://shop.example`` as an address; ``bad_server`` for anything with more in it."""
    try:
        parts = urlsplit(url.strip().lower())
        port = parts.port
    except ValueError:
        raise AgentError("bad_server") from None
    host = parts.netloc.rpartition("@")[2]
    host = host.removesuffix(f":{port}") if port is not None else host
    more = parts.query or parts.fragment or parts.path not in ("", "/") or "@" in parts.netloc
    if parts.scheme not in ("http", "https") or more or not HOST_NAME.fullmatch(host):
        raise AgentError("bad_server")
    return Upstream(parts.scheme, host, port or (443 if parts.scheme == "https" else 80))


def allowed(target: str) -> bool:
    """Is the request's target one of the till's own addresses, without a way out of them?"""
    path = target.partition("?")[0]
    if not ADDRESS.fullmatch(path) or not target.isascii() or not target.isprintable():
        return False
    plain = unquote(path)
    steps = plain.split("/")[1:]
    return "\\" not in plain and plain.isprintable() and not {".", ".."} & set(steps)


def named_by_connection(values: Sequence[str]) -> frozenset[str]:
    """Header names that ``Connection`` declares to be for this hop only."""
    return frozenset(name.strip().lower() for value in values for name in value.split(","))


def to_server(
    given: Iterable[Header], server: Upstream, target: str, prefix: str
) -> dict[str, str]:
    """The request's headers for the server, which sees itself as Host, Origin and Referer."""
    headers = [(name.lower(), value) for name, value in given]
    here = named_by_connection([value for name, value in headers if name == "connection"])
    told = {
        name: value
        for name, value in headers
        if (name in PASSED_ON or name.startswith(OURS)) and name not in here
    }
    names = {name for name, _ in headers}
    if "origin" in names:
        told["origin"] = server.origin
    if "referer" in names:
        told["referer"] = f"{server.origin}{target}"
    cookies = cookies_inward([value for name, value in headers if name == "cookie"], prefix)
    if cookies:
        told["cookie"] = cookies
    told["host"] = server.authority
    return told


def cookies_inward(lines: Iterable[str], prefix: str) -> str:
    """Only the cookies that this server set here, under the names it gave them."""
    pairs = [pair.strip() for line in lines for pair in line.split(";")]
    return "; ".join(pair.removeprefix(prefix) for pair in pairs if pair.startswith(prefix))


def cookie_outward(line: str, prefix: str) -> str:
    """A ``Set-Cookie`` for loopback: no Domain (it is another host), no Secure (there is no TLS
    between two programs of one computer), our prefix before its name."""
    first, *rest = [part.strip() for part in line.split(";")]
    kept = [part for part in rest if part.partition("=")[0].lower() not in ("domain", "secure")]
    return "; ".join([f"{prefix}{first}", *kept])


def to_page(given: Iterable[Header], server: Upstream, prefix: str) -> list[Header]:
    """The answer's headers for the page; ``bad_server`` for a way to somewhere else."""
    headers = list(given)
    here = named_by_connection([v for name, v in headers if name.lower() == "connection"])
    told = [
        (name, value)
        for name, value in headers
        if name.lower() not in KEPT_BACK and name.lower() not in here
    ]
    for name, value in headers:
        if name.lower() == "set-cookie":
            told.append((name, cookie_outward(value, prefix)))
        elif name.lower() == "location":
            told.append((name, _inside(value, server)))
    return told


def _inside(location: str, server: Upstream) -> str:
    """A redirect inside the till as a path; ``bad_server`` for any other."""
    target = location.removeprefix(server.origin)
    if not allowed(target):
        raise AgentError("bad_server")
    return target
