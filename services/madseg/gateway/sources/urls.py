"""Pictures by URL, one a line.

A list of URLs is input from outside: addresses of the own network are refused unless allowed, and the connection goes
to the very address that was checked, so that a name can't point elsewhere between the check and the call. The
environment's proxies are not used for the same reason. Names may share an address, by which connections and cookies
would go: so each request has a connection of its own, with the certificate checked for its name, and no cookie is kept.
"""

import ipaddress
import itertools
import socket
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from madseg.gateway.decode import LIMITS
from madseg.gateway.upload import ImageUpload, Refused, printable

Resolve = Callable[[str, int], list[str]]
"""Host name and port to IP addresses; raises OSError."""

MAX_REDIRECTS = 5
TRIES = 3
AGAIN = {408, 425, 429, 500, 502, 503, 504}
"""Answers after which the same request may succeed."""


def resolve(host: str, port: int) -> list[str]:
    """The system's answer."""
    return [str(item[4][0]) for item in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


@dataclass(frozen=True)
class Fetch:
    """How URLs are fetched. Seconds, bytes; `sleep` waits between tries."""

    max_bytes: int = LIMITS.max_bytes
    timeout: float = 30.0
    total: float = 300.0
    at_once: int = 8
    allow_private: bool = False
    transport: httpx.BaseTransport | None = None
    resolve: Resolve = resolve
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic


def urls(
    lines: Iterable[str],
    *,
    source: str = "urls",
    tags: Mapping[str, str] | None = None,
    fetch: Fetch = Fetch(),
) -> Iterator[ImageUpload | Refused]:
    """The pictures of a list, in its order; empty lines and those that begin with # are left out.

    Fetches `fetch.at_once` of them side by side and holds no more.
    """
    wanted = (line.strip() for line in lines)
    wanted = (line for line in wanted if line and not line.startswith("#"))
    with (
        httpx.Client(transport=fetch.transport, timeout=fetch.timeout, trust_env=False, cookies=_none()) as client,
        ThreadPoolExecutor(fetch.at_once, thread_name_prefix="fetch") as pool,
    ):
        one = _One(client, fetch, source, dict(tags or {}))
        running: deque[Future[ImageUpload | Refused]] = deque(
            pool.submit(one.get, url) for url in itertools.islice(wanted, fetch.at_once)
        )
        while running:
            item = running.popleft().result()
            running.extend(pool.submit(one.get, url) for url in itertools.islice(wanted, 1))
            yield item


def _none() -> CookieJar:
    """Cookies, of which it takes none."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=()))


class _Stop(Exception):
    """Why a URL is given up."""


class _Again(Exception):
    """Why a URL is tried once more."""


@dataclass(frozen=True)
class _One:
    client: httpx.Client
    fetch: Fetch
    source: str
    tags: Mapping[str, str] = field(default_factory=dict)

    def get(self, url: str) -> ImageUpload | Refused:
        name = _shown(url)
        try:
            return ImageUpload(self._tried(url), name, self.source, tags=self.tags)
        except (_Stop, _Again) as error:
            return Refused(name, str(error))

    def _tried(self, url: str) -> bytes:
        for attempt in range(TRIES - 1):
            try:
                return self._followed(url)
            except _Again:
                self.fetch.sleep(0.5 * 4**attempt)
        return self._followed(url)

    def _followed(self, url: str) -> bytes:
        deadline = self.fetch.clock() + self.fetch.total
        for _ in range(MAX_REDIRECTS + 1):
            answer = self._request(url, deadline)
            if isinstance(answer, bytes):
                return answer
            url = answer
        raise _Stop(f"more than {MAX_REDIRECTS} redirects")

    def _request(self, url: str, deadline: float) -> bytes | str:
        """The content, or where it has gone."""
        target, headers, extensions = self._target(url)
        try:
            with self.client.stream("GET", target, headers=headers, extensions=extensions) as response:
                if response.is_redirect:
                    return str(httpx.URL(url).join(response.headers["location"]))
                if response.status_code in AGAIN:
                    raise _Again(f"the server answers {response.status_code} {response.reason_phrase}")
                if response.status_code != 200:
                    raise _Stop(f"the server answers {response.status_code} {response.reason_phrase}")
                return self._body(response, deadline)
        except httpx.InvalidURL as error:
            raise _Stop(f"redirected to what is no URL: {error}") from error
        except httpx.HTTPError as error:
            raise _Again(f"no answer: {str(error) or type(error).__name__}") from error

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        content = bytearray()
        for chunk in response.iter_raw():
            content += chunk
            if len(content) > self.fetch.max_bytes:
                raise _Stop(f"more than {self.fetch.max_bytes} bytes")
            if self.fetch.clock() > deadline:
                raise _Stop(f"not complete after {self.fetch.total:g} seconds")
        return bytes(content)

    def _target(self, url: str) -> tuple[httpx.URL, dict[str, str], dict[str, str]]:
        """The URL with the checked address in place of the name, and what tells the server the name."""
        try:
            parsed = httpx.URL(url)
        except (httpx.InvalidURL, ValueError) as error:
            raise _Stop(f"no URL: {error}") from error
        if parsed.scheme not in {"http", "https"} or not parsed.host:
            raise _Stop("only http:// and https:// URLs are fetched")
        address = self._address(parsed.host, parsed.port or (443 if parsed.scheme == "https" else 80))
        # Asked for as it is, the content can't unpack to more than what was counted.
        headers = {"Host": parsed.netloc.decode("ascii"), "Accept": "image/*", "Accept-Encoding": "identity"}
        headers["Connection"] = "close"
        return parsed.copy_with(host=address), headers, {"sni_hostname": parsed.raw_host.decode("ascii")}

    def _address(self, host: str, port: int) -> str:
        try:
            addresses = self.fetch.resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise _Again(f"no address is known for {host}: {error}") from error
        for address in addresses:
            if not self.fetch.allow_private and not _public(address):
                raise _Stop(f"{host} is {address}, an address of a private network; allow that if it is meant")
        if not addresses:
            raise _Stop(f"no address is known for {host}")
        return addresses[0]


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        inner = found.ipv4_mapped or found.sixtofour or (found.teredo or (None, None))[1]
        # 64:ff9b::/96 carries an IPv4 address in its last 32 bits.
        if found in ipaddress.ip_network("64:ff9b::/96"):
            inner = ipaddress.IPv4Address(int(found) & 0xFFFFFFFF)
        if inner is not None:
            return _public(str(inner))
    return found.is_global and not found.is_multicast


def _shown(url: str) -> str:
    """The URL without name and password."""
    scheme, separator, rest = url.partition("://")
    host, slash, path = rest.partition("/")
    return printable(scheme + separator + host.rpartition("@")[2] + slash + path)
