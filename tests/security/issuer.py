"""An OpenID Connect issuer on this machine, as a company's single sign-on is one: discovery, keys, signed tokens."""

import json
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

AUDIENCE = "madseg"


@dataclass
class Issuer:
    """Stands at `url` within a block. What it says may be changed there."""

    keys: dict[str, Any] = field(default_factory=lambda: {"one": ec.generate_private_key(ec.SECP256R1())})
    """Private keys by their ids."""
    algorithm: str = "ES256"
    name: str | None = None
    """What its discovery document calls it; its URL by itself."""
    away: bool = False
    moved: str = ""
    """Where it sends those who ask."""
    extra: list[dict[str, Any]] = field(default_factory=list)
    """More in its key set."""
    asked: int = 0
    """How often anything was asked of it."""
    files: tuple[Path, Path] | None = None
    """Certificate and key: then it is one of HTTPS."""

    def __enter__(self) -> Self:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        if self.files is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(*self.files)
            self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if self.files is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/realms/works"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def token(self, key: str = "one", **claims: Any) -> str:
        """For ada, a rater, for five minutes, unless the claims say otherwise; None leaves one out."""
        now = int(time.time())
        said = {"iss": self.url, "aud": AUDIENCE, "sub": "ada", "roles": ["rater"], "iat": now, "exp": now + 300}
        whole = {name: value for name, value in (said | claims).items() if value is not None}
        return jwt.encode(whole, self.keys[key], self.algorithm, headers={"kid": key})

    def document(self, path: str) -> Any:
        """What stands at a path of it; None for nothing."""
        if path == "/realms/works/.well-known/openid-configuration":
            return {"issuer": self.name or self.url, "jwks_uri": f"{self.url}/certs"}
        if path == "/realms/works/certs":
            return {"keys": [*map(self._public, self.keys), *self.extra]}
        return None

    def _public(self, kid: str) -> dict[str, Any]:
        public = self.keys[kid].public_key()
        kinds = {rsa.RSAPublicKey: "RS256", ec.EllipticCurvePublicKey: "ES256", ed25519.Ed25519PublicKey: "EdDSA"}
        algorithm = next(name for kind, name in kinds.items() if isinstance(public, kind))
        return {**jwt.get_algorithm_by_name(algorithm).to_jwk(public, as_dict=True), "kid": kid, "use": "sig"}


def _handler(issuer: Issuer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked += 1
            found = issuer.document(self.path)
            code = 302 if issuer.moved else 503 if issuer.away else 404 if found is None else 200
            self.send_response(code)
            if issuer.moved:
                self.send_header("location", issuer.moved)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: object) -> None:
            pass

    return Handler
