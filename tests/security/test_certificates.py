"""When a certificate ends, as OpenSSL says it too."""

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidInput
from madseg.security.certificates import valid_until
from tests.security.authority import Authority


@pytest.mark.parametrize("days", [1, 90, 3650, 12000, 36500])
def test_the_end_is_the_one_that_openssl_reads(tmp_path: Path, days: int) -> None:
    """Years after 2049 are written otherwise than those before."""
    certificate, _ = Authority(tmp_path).sign("a", days=days)
    said = subprocess.run(
        ["openssl", "x509", "-in", certificate, "-noout", "-enddate"], check=True, capture_output=True, text=True
    ).stdout
    end = datetime.strptime(said.strip(), "notAfter=%b %d %H:%M:%S %Y GMT").replace(tzinfo=UTC)
    assert valid_until(certificate.read_bytes()) == end.timestamp()


def test_the_first_certificate_of_a_chain_counts(tmp_path: Path) -> None:
    """Whatever stands before and after it."""
    authority = Authority(tmp_path)
    certificate, key = authority.sign("a", days=7)
    chain = b"# of a\n" + key.read_bytes() + certificate.read_bytes() + authority.file.read_bytes()
    assert valid_until(chain) == valid_until(certificate.read_bytes()) != valid_until(authority.file.read_bytes())


def test_a_file_without_a_certificate_is_refused() -> None:
    """Such as a key's."""
    with pytest.raises(InvalidInput, match="there is no certificate in the file"):
        valid_until(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A certificate, DER."""
    return ssl.PEM_cert_to_DER_cert(Authority(tmp_path_factory.mktemp("a")).file.read_text())


@given(st.data())
def test_damage_is_refused_or_reads_as_a_time(whole: bytes, data: st.DataObject) -> None:
    """Whichever bytes are gone or changed."""
    cut = data.draw(st.integers(0, len(whole)))
    at, byte = data.draw(st.integers(0, len(whole) - 1)), data.draw(st.binary(min_size=1, max_size=1))
    for damaged in (whole[:cut], whole[:at] + byte + whole[at + 1 :]):
        try:
            found = valid_until(ssl.DER_cert_to_PEM_cert(damaged).encode())
        except InvalidInput:
            continue
        assert isinstance(found, float)
