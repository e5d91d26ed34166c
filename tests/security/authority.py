"""Certificates for tests, made by OpenSSL."""

import subprocess
from pathlib import Path

ANYWHERE = "DNS:localhost,IP:127.0.0.1"


class Authority:
    """One that signs certificates, below a folder: `file` is its own."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        self.folder, self._name = folder, name
        folder.mkdir(parents=True, exist_ok=True)
        _made(["-subj", f"/CN={name}"], self.file, self._key)

    @property
    def file(self) -> Path:
        """Its certificate."""
        return self.folder / f"{self._name}.pem"

    @property
    def _key(self) -> Path:
        return self.folder / f"{self._name}.key"

    def sign(self, name: str, names: str = ANYWHERE, *, days: int = 30, into: str = "") -> tuple[Path, Path]:
        """A certificate and its key, made out to `name`, whose files are replaced at once where they are there."""
        found = self.folder / f"{into or name}.pem", self.folder / f"{into or name}.key"
        fresh = self.folder / "fresh.pem", self.folder / "fresh.key"
        signed = ["-subj", f"/CN={name}", "-CA", str(self.file), "-CAkey", str(self._key), "-days", str(days)]
        _made([*signed, "-addext", "basicConstraints=critical,CA:FALSE", "-addext", f"subjectAltName={names}"], *fresh)
        for new, old in zip(fresh, found, strict=True):
            new.replace(old)
        return found


def _made(words: list[str], certificate: Path, key: Path) -> None:
    kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    command = ["openssl", "req", "-x509", *kind, *words, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)


def with_password(key: Path) -> Path:
    """The same key, for which one has to know a word."""
    locked = key.with_suffix(".locked")
    words = ["-in", str(key), "-aes128", "-passout", "pass:sesame", "-out", str(locked)]
    subprocess.run(["openssl", "ec", *words], check=True, capture_output=True)
    return locked
