"""Signed tokens: whose count, for how long, and what becomes of forged ones and of an issuer that is away."""

import base64
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from madseg.core.errors import Forbidden, InvalidInput, MadsegError, Unauthenticated, Unavailable
from madseg.security.access import Access, Principal, Role, add_token
from madseg.security.entrance import AccessSettings, open_access
from madseg.security.oidc import FRESH_SECONDS, KEPT_SECONDS, PAUSE_SECONDS, Keys, key_set
from madseg.settings import load
from tests.security.authority import Authority
from tests.security.issuer import AUDIENCE, Issuer

MANUAL = Path(__file__).parents[2] / "docs" / "operations.md"
ADA = Principal("ada", frozenset({Role.RATER}))
OPERATOR = frozenset({Role.OPERATOR})


@pytest.fixture
def issuer() -> Iterator[Issuer]:
    """One on this machine."""
    with Issuer() as started:
        yield started


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """A file of tokens with one in it."""
    path = tmp_path / "tokens.json"
    (tmp_path / "gateway.token").write_text(add_token(path, "gateway", [Role.OPERATOR]))
    return path


def opened(issuer: Issuer, tokens: Path, **given: Any) -> Access:
    """The access of a deployment that takes the issuer's tokens, and has asked it for its keys."""
    settings = {"oidc_issuer": issuer.url, "oidc_audience": AUDIENCE, "tokens": str(tokens), **given}
    access = open_access(AccessSettings(**settings), [])
    deadline = time.monotonic() + 10
    while issuer.asked == 0 and time.monotonic() < deadline:
        time.sleep(0.005)
    return access


def told(access: Access, token: str) -> Principal | type[MadsegError]:
    """Who it is, or as what it was refused, which never repeats it; what can't be told yet is asked again."""
    deadline = time.monotonic() + 10
    while True:
        try:
            return access.identify(token)
        except MadsegError as error:
            refusal = error
        assert token not in str(refusal)
        if not isinstance(refusal, Unavailable) or time.monotonic() > deadline:
            return type(refusal)
        time.sleep(0.01)


@pytest.mark.parametrize(
    ("algorithm", "key"),
    [
        ("RS256", rsa.generate_private_key(65537, 2048)),
        ("PS256", rsa.generate_private_key(65537, 2048)),
        ("ES256", ec.generate_private_key(ec.SECP256R1())),
        ("EdDSA", ed25519.Ed25519PrivateKey.generate()),
    ],
)
def test_a_signed_token_tells_who_somebody_is(algorithm: str, key: Any, tokens: Path) -> None:
    """By each kind of key that issuers have; the file's tokens count beside them."""
    with Issuer(keys={"one": key}, algorithm="RS256" if algorithm == "PS256" else algorithm) as issuer:
        access = opened(issuer, tokens)
        assert told(access, issuer.token()) == ADA
        assert told(access, (tokens.parent / "gateway.token").read_text()) == Principal("gateway", OPERATOR)
        assert told(access, "nobodys") is Unauthenticated
        with pytest.raises(Unauthenticated):
            access.identify(None)


@pytest.mark.parametrize(
    ("claims", "refusal"),
    [
        ({"iss": "https://elsewhere.example"}, Unauthenticated),
        ({"iss": None}, Unauthenticated),
        ({"aud": "another"}, Unauthenticated),
        ({"aud": None}, Unauthenticated),
        ({"exp": int(time.time()) - 3600}, Unauthenticated),
        ({"exp": None}, Unauthenticated),
        ({"exp": "soon"}, Unauthenticated),
        ({"nbf": int(time.time()) + 3600}, Unauthenticated),
        ({"sub": None}, Unauthenticated),
        ({"sub": ""}, Unauthenticated),
        ({"sub": "a" * 65}, Unauthenticated),
        ({"sub": "a\nb"}, Unauthenticated),
        ({"roles": None}, Forbidden),
        ({"roles": []}, Forbidden),
        ({"roles": ["emperor", 3, None]}, Forbidden),
        ({"roles": {"rater": True}}, Forbidden),
    ],
)
def test_what_a_token_must_say(issuer: Issuer, tokens: Path, claims: dict[str, Any], refusal: type) -> None:
    """The issuer, us, a time, a name that can be shown, and a role."""
    assert told(opened(issuer, tokens), issuer.token(**claims)) is refusal


def test_audiences_and_roles_come_in_several_forms(issuer: Issuer, tokens: Path) -> None:
    """A list or one word; in an object; by the issuer's own names; under a name that is an address."""
    access = opened(issuer, tokens)
    assert told(access, issuer.token(aud=["other", AUDIENCE], roles="rater emperor")) == ADA
    access = opened(issuer, tokens, oidc_roles="realm_access.roles", oidc_role_names="seg=raters=rater, boss=admin")
    assert told(access, issuer.token(realm_access={"roles": ["seg=raters"]})) == ADA
    assert told(access, issuer.token(realm_access={"roles": ["boss"]})) == Principal("ada", frozenset({Role.ADMIN}))
    assert told(access, issuer.token(realm_access={"roles": ["admin"]})) is Forbidden
    assert told(access, issuer.token(realm_access="x")) is Forbidden
    access = opened(issuer, tokens, oidc_roles="https://works.example/roles", oidc_name="email")
    said: dict[str, Any] = {"https://works.example/roles": ["rater"], "email": "ada@works.example"}
    assert told(access, issuer.token(**said)) == Principal("ada@works.example", frozenset({Role.RATER}))


def test_the_settings_of_the_manual(issuer: Issuer, tokens: Path) -> None:
    """As they stand there, but for the issuer's address."""
    written = dict(re.findall(r"^(MADSEG_OIDC_[A-Z_]+)=(\S+)", MANUAL.read_text(), re.MULTILINE))
    environment = {**written, "MADSEG_OIDC_ISSUER": issuer.url, "MADSEG_TOKENS": str(tokens)}
    access = open_access(load(AccessSettings, environment))
    assert told(access, issuer.token(realm_access={"roles": ["seg-raters"]})) == ADA
    leader = issuer.token(realm_access={"roles": ["seg-leads", "other"]})
    assert told(access, leader) == Principal("ada", frozenset({Role.ADMIN}))


def test_forged_tokens_are_refused(issuer: Issuer, tokens: Path) -> None:
    """Unsigned, signed by somebody else, by the public key as if it were a secret, cut, changed, or far too long."""
    access = opened(issuer, tokens)
    head, body, signature = issuer.token().split(".")
    public = issuer.keys["one"].public_key()
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)

    def written(part: dict[str, Any]) -> str:
        return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()

    other = Issuer()
    other.url = issuer.url
    claims = jwt.decode(issuer.token(), options={"verify_signature": False})
    secret = jwt.utils.base64url_encode(
        jwt.get_algorithm_by_name("HS256").sign(f"{written({'alg': 'HS256', 'kid': 'one'})}.{body}".encode(), pem)
    ).decode()
    forged = [
        f"{written({'alg': 'none', 'kid': 'one'})}.{body}.",
        f"{written({'alg': 'HS256', 'kid': 'one'})}.{body}.{secret}",
        other.token(),
        f"{head}.{written({**claims, 'roles': ['admin']})}.{signature}",
        f"{head}.{body}.{signature[:-4]}",
        f"{head}..{signature}",
        "..",
        f"{written({'alg': 'ES256', 'kid': ['one']})}.{body}.{signature}",
        f"{written({'alg': 'ES256', 'kid': 'one', 'crit': ['b64'], 'b64': False})}.{body}.{signature}",
        f"{head}.{body}.{'A' * 20000}",
        "\u00e9.\u00e9.\u00e9",
    ]
    assert told(access, issuer.token()) == ADA
    assert [told(access, token) for token in forged] == [Unauthenticated] * len(forged)


def test_a_new_key_is_fetched_and_an_old_one_ends(issuer: Issuer, tokens: Path) -> None:
    """Nobody waits for the fetch; keys nobody knows make one in ten seconds at most."""
    now = [0.0]
    served: list[Any] = [{"keys": [issuer._public("one")]}]
    fetched = []

    def fetch() -> Any:
        fetched.append(now[0])
        if isinstance(served[0], Exception):
            raise served[0]
        return served[0]

    keys = Keys(fetch, lambda: now[0])

    def found(kid: str) -> str:
        try:
            return str(keys.find({"kid": kid}).key_id)
        except MadsegError as error:
            return type(error).__name__
        finally:
            if keys._fetching is not None:
                keys._fetching.join()

    keys._fetching.join()  # type: ignore[union-attr]
    assert found("one") == "one"
    assert [found("two"), found("two")] == ["Unauthenticated"] * 2
    assert fetched == [0.0]
    issuer.keys["two"] = issuer.keys.pop("one")
    served[0] = issuer.document("/realms/works/certs")
    now[0] += PAUSE_SECONDS
    assert [found("two"), found("two"), found("one")] == ["Unavailable", "two", "Unauthenticated"]
    served[0] = OSError("away")
    now[0] += FRESH_SECONDS + 1
    assert [found("two"), found("two")] == ["two", "two"]
    assert fetched == [0.0, PAUSE_SECONDS, PAUSE_SECONDS + FRESH_SECONDS + 1]
    now[0] += KEPT_SECONDS
    assert found("two") == "Unavailable"
    served[0] = issuer.document("/realms/works/certs")
    now[0] += PAUSE_SECONDS
    found("two")  # as the fetch has it, which began with this question
    assert found("two") == "two"


def test_an_issuer_that_comes_late_is_asked_again(issuer: Issuer, tokens: Path) -> None:
    """Services start without it; until then signed tokens can't be told, and others can."""
    issuer.away = True
    access = opened(issuer, tokens)
    with pytest.raises(Unavailable, match="can't be had"):
        access.identify(issuer.token())
    assert access.identify((tokens.parent / "gateway.token").read_text()).name == "gateway"


def test_the_issuer_is_known_by_its_certificate(tmp_path: Path, tokens: Path) -> None:
    """One that others signed for gives no keys, and neither does one that sends elsewhere."""
    ours, others = Authority(tmp_path / "ours"), Authority(tmp_path / "others")
    with Issuer(files=ours.sign("issuer")) as issuer:
        assert told(opened(issuer, tokens, oidc_authority=str(ours.file)), issuer.token()) == ADA
        with pytest.raises(OSError, match="CERTIFICATE_VERIFY_FAILED"):
            key_set(issuer.url, ssl.create_default_context(cafile=others.file))
        issuer.moved = issuer.url
        with pytest.raises(OSError, match="302"):
            key_set(issuer.url, ssl.create_default_context(cafile=ours.file))


def test_an_issuer_that_speaks_no_http_is_no_issuer(tokens: Path) -> None:
    """What it says instead lets nobody in, and breaks nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        settings = AccessSettings(oidc_issuer=url, oidc_audience=AUDIENCE, tokens=str(tokens))
        before = set(threading.enumerate())
        access = open_access(settings)
        asking, _ = server.accept()
        with asking:
            asking.sendall(b"220 mail.example ESMTP\r\n")
            (thread,) = set(threading.enumerate()) - before
        thread.join(10)
        assert not thread.is_alive()
    issuer = Issuer()
    issuer.url = url
    with pytest.raises(Unavailable):
        access.identify(issuer.token())


@pytest.mark.parametrize(
    ("extra", "name"),
    [
        ([{"kty": "oct", "k": "AAAA", "kid": "one", "alg": "HS256"}], None),
        ([{"kty": "??", "kid": "one"}, "nonsense", {"kty": "RSA", "kid": "one", "n": "%", "e": "AQAB"}], None),
        ([{"kty": "RSA", "kid": "one", "n": 5, "e": None}, {"kty": "EC", "crv": [], "x": {}}, {}, None], None),
        ([], "https://elsewhere.example"),
    ],
)
def test_keys_that_do_not_count(tokens: Path, extra: list[Any], name: str | None) -> None:
    """Shared secrets, broken ones, or those of an issuer that calls itself something else: nobody comes in by them."""
    with Issuer() as issuer:
        token = issuer.token()
        issuer.extra, issuer.name = extra, name
        if name is None:
            issuer.keys = {}
        access = opened(issuer, tokens) if name is None else open_access(_settings(issuer, tokens), [])
        with pytest.raises(Unavailable):
            access.identify(token)


def _settings(issuer: Issuer, tokens: Path) -> AccessSettings:
    return AccessSettings(oidc_issuer=issuer.url, oidc_audience=AUDIENCE, tokens=str(tokens))


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"oidc_audience": ""}, "MADSEG_OIDC_AUDIENCE"),
        ({"oidc_issuer": "http://login.example"}, "come over https"),
        ({"oidc_issuer": "file:///etc/passwd"}, "come over https"),
        ({"oidc_role_names": "boss"}, "theirs=ours"),
        ({"oidc_role_names": "boss=emperor"}, "theirs=ours"),
        ({"oidc_authority": "/nowhere.pem"}, "MADSEG_OIDC_AUTHORITY"),
        ({"insecure": True}, "MADSEG_INSECURE"),
    ],
)
def test_settings_that_can_not_be(tokens: Path, given: dict[str, Any], why: str) -> None:
    """Refused at the start, naming the setting."""
    settings = {"oidc_issuer": "https://login.example", "oidc_audience": AUDIENCE, "tokens": str(tokens), **given}
    with pytest.raises(InvalidInput, match=why):
        open_access(AccessSettings(**settings), [])
