"""When a certificate ends: the one field of X.509 (RFC 5280, 4.1) that Python's `ssl` doesn't tell of a file."""

import re
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime

from madseg.core.errors import InvalidInput

VERSION, UTC_TIME = 0xA0, 0x17
"""Tags of DER: the field that a certificate may begin with, and a time with two digits of the year."""

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def valid_until(pem: bytes) -> float:
    """The end of the first certificate of a file, seconds since the epoch.

    Raises:
        InvalidInput: there is none, or it is damaged.
    """
    found = _PEM.search(pem)
    if found is None:
        raise InvalidInput("there is no certificate in the file, which must be PEM")
    try:
        ((_, certificate),) = _fields(ssl.PEM_cert_to_DER_cert(found[0].decode("ascii")))
        _, signed = next(_fields(certificate))
        fields = [field for field in _fields(signed) if field[0] != VERSION]
        # Its number, the algorithm, who signs, and how long it is valid.
        _, (tag, end) = _fields(fields[3][1])
        return _time(tag, end.decode("ascii"))
    except (ValueError, IndexError, StopIteration) as error:
        raise InvalidInput(f"the certificate is damaged: {error}") from error


def _fields(der: bytes) -> Iterator[tuple[int, bytes]]:
    """Tags and contents, one after the other."""
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length > 127:  # the length of the length
            size = length & 127
            length, at = int.from_bytes(der[at : at + size], "big"), at + size
        if at + length > len(der):
            raise ValueError("it is cut off")
        yield tag, der[at : at + length]
        at += length


def _time(tag: int, text: str) -> float:
    """RFC 5280, 4.1.2.5: years of two digits are those from 1950 to 2049."""
    year, rest = (text[:2], text[2:]) if tag == UTC_TIME else (text[:4], text[4:])
    if tag == UTC_TIME:
        year = f"{'19' if int(year) >= 50 else '20'}{year}"
    return datetime.strptime(year + rest, "%Y%m%d%H%M%SZ").replace(tzinfo=UTC).timestamp()
