"""When a certificate ends, as OpenSSL says it too."""

import ssl
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from madseg.core.errors import InvalidInput
from madseg.security.tls import valid_until
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


def test_a_certificate_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """Within its text, and before its end."""
    whole = Authority(tmp_path).file.read_bytes()
    for damaged in (whole[:100], whole.replace(b"-----END CERTIFICATE-----", b"")):
        with pytest.raises(InvalidInput, match="the certificate is damaged: "):
            valid_until(damaged)


def test_a_version_that_is_not_known_is_refused(whole: bytes) -> None:
    """Versions are 1 to 3, which stand as 0 to 2."""
    version = whole.index(b"\xa0\x03\x02\x01\x02")
    damaged = whole[: version + 4] + b"\x07" + whole[version + 5 :]
    with pytest.raises(InvalidInput, match="the certificate is damaged: 7 is not a valid X509 version"):
        valid_until(ssl.DER_cert_to_PEM_cert(damaged).encode())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A certificate, DER."""
    return ssl.PEM_cert_to_DER_cert(Authority(tmp_path_factory.mktemp("a")).file.read_text())


@pytest.mark.filterwarnings("ignore:Parsed a serial number which wasn't positive")
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
