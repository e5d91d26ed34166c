"""The secrets of the overlay `local`, made by chance: what the manifests refer to and never hold."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

import yaml

from madseg.security.access import Role, digest

SERVICES = ("gateway", "labelling", "finetune", "rounds")
"""Those who show a token of their own to others."""


@dataclass(frozen=True)
class Credentials:
    """Texts that open doors, others each time; `tokens` are by name, `operator` the one who may do everything."""

    database: str = field(default_factory=lambda: secrets.token_hex(16))
    access_key: str = field(default_factory=lambda: secrets.token_hex(8))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(20))
    tokens: Mapping[str, str] = field(
        default_factory=lambda: {name: secrets.token_urlsafe(32) for name in ("operator", *SERVICES)}
    )

    def manifests(self, namespace: str = "madseg") -> str:
        """The Secrets as YAML."""
        keys = f"aws_access_key_id = {self.access_key}\naws_secret_access_key = {self.secret_key}\n"
        tokens = [
            {"name": name, "roles": [_role(name).value], "sha256": digest(token)} for name, token in self.tokens.items()
        ]
        found = {
            "database": {"url": f"postgresql://madseg:{self.database}@postgres:5432/madseg"},
            "postgres": {"password": self.database},
            "blobs": {"credentials": f"[default]\n{keys}"},
            "s3": {"access_key": self.access_key, "secret_key": self.secret_key},
            "access": {"tokens.json": json.dumps({"tokens": tokens})},
            **{name: {"token": token} for name, token in self.tokens.items()},
        }
        return yaml.safe_dump_all(
            {
                "apiVersion": "v1",
                "kind": "Secret",
                "metadata": {"name": name, "namespace": namespace},
                "stringData": values,
            }
            for name, values in found.items()
        )


def _role(name: str) -> Role:
    return Role.ADMIN if name in {"operator", "rounds"} else Role.OPERATOR
