"""Who somebody is by a signed token (JWT) of an OpenID Connect issuer, such as a company's single sign-on.

Such a token is checked here, without asking anybody: its signature by the issuer's public keys, which a thread fetches
beside the calls; its issuer, audience and times; and what it says of the person's roles. Sources: OpenID Connect Core
1.0 §3.1.3.7 and Discovery 1.0 §4, RFC 7519, RFC 8725.
"""

import json
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import jwt
import structlog

from madseg.core.errors import Forbidden, InvalidInput, Unauthenticated, Unavailable
from madseg.security.access import Access, Principal, Role, checked_name, is_this_machine
from madseg.settings import setting

log = structlog.get_logger("madseg.security")

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Signatures with a private key alone: with a shared secret, or with none, whoever checks could sign too."""

LEEWAY_SECONDS = 30
"""How far the clocks of issuer and services may differ."""

FRESH_SECONDS = 300
"""Keys older than this are fetched again."""

KEPT_SECONDS = 3600
"""Keys older than this let nobody in: an issuer that is away for so long may have withdrawn them."""

PAUSE_SECONDS = 10
"""Between two fetches, however many tokens name keys that nobody knows."""

FETCH_SECONDS = 5
MAX_DOCUMENT = 1 << 20
MAX_TOKEN = 16 << 10


@dataclass(frozen=True)
class OidcSettings:
    """Settings of every process that takes signed tokens."""

    oidc_issuer: str = setting("MADSEG_OIDC_ISSUER", "", "URL of an OpenID Connect issuer whose tokens count")
    oidc_audience: str = setting("MADSEG_OIDC_AUDIENCE", "", "What its tokens must have as `aud`")
    oidc_name: str = setting("MADSEG_OIDC_NAME", "sub", "Claim with a person's name, which nobody may choose freely")
    oidc_roles: str = setting("MADSEG_OIDC_ROLES", "roles", "Claim with their roles; a dot leads into an object")
    oidc_role_names: str = setting("MADSEG_OIDC_ROLE_NAMES", "", "What roles are called there: `theirs=ours`, ...")
    oidc_authority: str = setting("MADSEG_OIDC_AUTHORITY", "", "PEM file of authorities for the issuer's server")


class Signed(Access):
    """Takes an issuer's tokens, whose roles `roles` translates, and leaves what isn't signed to another access."""

    def __init__(self, settings: OidcSettings, roles: Mapping[str, Role], keys: "Keys", others: Access) -> None:
        self._settings, self._roles, self._keys, self._others = settings, roles, keys, others

    def identify(self, token: str | None) -> Principal:
        if token is None or token.count(".") != 2:  # those of the file have no dot
            return self._others.identify(token)
        said = self._checked(token)
        try:
            name = checked_name(str(said[self._settings.oidc_name]))
        except InvalidInput as error:
            raise Unauthenticated(f"the token's claim {self._settings.oidc_name!r} can't be used: {error}") from None
        roles = frozenset(self._roles[role] for role in _at(said, self._settings.oidc_roles) if role in self._roles)
        if not roles:
            raise Forbidden(f"{name} has no role here: the token's claim {self._settings.oidc_roles!r} names none")
        return Principal(name, roles)

    def _checked(self, token: str) -> Mapping[str, Any]:
        if len(token) > MAX_TOKEN:
            raise Unauthenticated(f"a signed token has at most {MAX_TOKEN} characters, this has {len(token)}")
        try:
            key = self._keys.find(jwt.get_unverified_header(token))
            return jwt.decode(
                token,
                key,
                algorithms=ALGORITHMS,
                audience=self._settings.oidc_audience,
                issuer=self._settings.oidc_issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", self._settings.oidc_name]},
            )
        except jwt.ExpiredSignatureError:
            raise Unauthenticated("this token's time is over: get a new one where it came from") from None
        except jwt.PyJWTError as error:
            raise Unauthenticated(f"this is no token of {self._settings.oidc_issuer} for us: {error}") from None


class Keys:
    """An issuer's public keys by their ids, fetched in a thread of their own when they are old or one is unknown.

    `fetch` gives its key set (RFC 7517) and raises as `key_set`; the first is under way when this returns.
    Thread-safe; nobody waits for a fetch.
    """

    def __init__(self, fetch: Callable[[], Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._fetch, self._clock, self._lock = fetch, clock, threading.Lock()
        self._known: dict[str | None, jwt.PyJWK] = {}
        self._fetched = self._tried = -float("inf")
        self._fetching: threading.Thread | None = None
        self._refresh()

    def find(self, header: Mapping[str, Any]) -> jwt.PyJWK:
        """The key that a token's header names, by `kid`, or the only one where it names none.

        Raises:
            Unauthenticated: the issuer has no such key.
            Unavailable: its keys couldn't be fetched.
        """
        now = self._clock()
        if now - self._fetched > FRESH_SECONDS:
            self._refresh()
        if now - self._fetched > KEPT_SECONDS:
            raise Unavailable("the keys that signed tokens are checked by can't be had of their issuer now")
        known, kid = self._known, header.get("kid")
        found = known.get(kid) if kid is not None or len(known) != 1 else next(iter(known.values()))
        if found is None:
            if self._refresh():
                raise Unavailable("this token is signed by a key that isn't known yet: it is being asked for")
            raise Unauthenticated("this token is signed by a key that its issuer doesn't have")
        return found

    def _refresh(self) -> bool:
        """Whether a fetch is under way; it begins where the last one is long enough ago."""
        with self._lock:
            if self._fetching is not None and self._fetching.is_alive():
                return True
            if self._clock() - self._tried < PAUSE_SECONDS:
                return False
            self._tried = self._clock()
            self._fetching = threading.Thread(target=self._load, name="oidc-keys", daemon=True)
            self._fetching.start()
            return True

    def _load(self) -> None:
        try:
            self._known = _usable(self._fetch())
            self._fetched = self._clock()
        except (OSError, ValueError, HTTPException) as error:
            log.warning("the issuer's keys couldn't be fetched", error=str(error))


def open_signed(settings: OidcSettings, others: Access) -> Access:
    """Access by the tokens of the settings' issuer beside others; the others alone where there is none.

    Raises:
        InvalidInput: settings that can't be.
    """
    if not settings.oidc_issuer:
        return others
    if not settings.oidc_audience:
        raise InvalidInput("MADSEG_OIDC_ISSUER takes MADSEG_OIDC_AUDIENCE too: tokens meant for others don't count")
    _check_address(settings.oidc_issuer)
    roles = _roles(settings.oidc_role_names)
    try:
        context = ssl.create_default_context(cafile=settings.oidc_authority or None)
    except OSError as error:
        raise InvalidInput(f"MADSEG_OIDC_AUTHORITY {settings.oidc_authority} can't be used: {error}") from error
    return Signed(settings, roles, Keys(lambda: key_set(settings.oidc_issuer, context)), others)


def key_set(issuer: str, context: ssl.SSLContext) -> Any:
    """An issuer's key set, which its discovery document names.

    Raises:
        OSError: it can't be reached.
        ValueError, HTTPException: it answers something else.
    """
    found = _document(f"{issuer.rstrip('/')}/.well-known/openid-configuration", context)
    if found.get("issuer") != issuer:
        raise ValueError(f"it calls itself {found.get('issuer')!r}, not {issuer!r}")
    where = str(found.get("jwks_uri"))
    _check_address(where)
    return _document(where, context)


def _document(url: str, context: ssl.SSLContext) -> dict[str, Any]:
    asking = urllib.request.build_opener(urllib.request.HTTPSHandler(context=context), _Stay())
    with asking.open(url, timeout=FETCH_SECONDS) as answer:
        found = json.loads(answer.read(MAX_DOCUMENT))
    if not isinstance(found, dict):
        raise ValueError(f"{url} isn't a JSON object")
    return found


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: keys come from where the settings say."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "https" and not (parts.scheme == "http" and is_this_machine(parts.hostname or "")):
        raise InvalidInput(f"an issuer's keys come over https (or from this machine), not from {url[:200]!r}")


def _usable(keys: Any) -> dict[str | None, jwt.PyJWK]:
    """The keys of a set that sign; others, and those of kinds unknown here, are passed over.

    Raises:
        ValueError: there is none.
    """
    found: dict[str | None, jwt.PyJWK] = {}
    for item in keys.get("keys", ()) if isinstance(keys, dict) else ():
        if not isinstance(item, dict) or item.get("use", "sig") != "sig":
            continue
        try:
            key = jwt.PyJWK(item)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError, KeyError):  # whatever stands in its place
            continue
        if key.algorithm_name in ALGORITHMS:
            found[item.get("kid")] = key
    if not found:
        raise ValueError("it has no key that signs by one of " + ", ".join(ALGORITHMS))
    return found


def _roles(text: str) -> dict[str, Role]:
    """Roles by what the issuer calls them."""
    if not text:
        return {role.value: role for role in Role}
    found = {}
    for pair in text.split(","):
        theirs, _, ours = pair.strip().rpartition("=")
        if not theirs or ours not in set(Role):
            raise InvalidInput(
                f"MADSEG_OIDC_ROLE_NAMES takes `theirs=ours` with one of {', '.join(Role)}, got {pair!r}"
            )
        found[theirs] = Role(ours)
    return found


def _at(said: Mapping[str, Any], path: str) -> list[str]:
    """What stands at a path of claims, as words: a list, or one text with blanks between."""
    found: Any = said.get(path)
    if found is None:
        found = said
        for name in path.split("."):
            found = found.get(name) if isinstance(found, Mapping) else None
    if isinstance(found, str):
        return found.split()
    return [item for item in found if isinstance(item, str)] if isinstance(found, list) else []
