"""By what a deployment tells who calls: settings, and what they come to."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from madseg.core.errors import InvalidInput
from madseg.security.access import Access, Everybody, Tokens, is_this_machine
from madseg.security.oidc import OidcSettings, open_signed
from madseg.settings import setting


@dataclass(frozen=True)
class AccessSettings(OidcSettings):
    """Settings of every process that tells callers apart."""

    tokens: str = setting("MADSEG_TOKENS", "state/tokens.json", "File of the tokens that people and programs show")
    insecure: bool = setting("MADSEG_INSECURE", False, "Ask nobody for a token; only on addresses of this machine")


def open_access(settings: AccessSettings, addresses: Iterable[str] = ()) -> Access:
    """The access of a deployment: its file of tokens and its issuer's tokens, or everybody where that is said outright.

    `addresses` are those (`host:port`) at which the process listens.

    Raises:
        InvalidInput: `insecure` with an address that other machines can reach, or with an issuer; settings that can't
            be; a file that can't be read.
    """
    if not settings.insecure:
        return open_signed(settings, Tokens(Path(settings.tokens)))
    if settings.oidc_issuer:
        raise InvalidInput("MADSEG_INSECURE asks nobody for a token, so MADSEG_OIDC_ISSUER can't be set beside it")
    for address in addresses:
        if not is_this_machine(address.rpartition(":")[0].strip("[]")):
            raise InvalidInput(f"without tokens madseg listens on this machine alone, not on {address}")
    return Everybody()
