"""What every server of madseg has about it: how much it takes on at once, how often somebody may call, and what is
noted of calls."""

from dataclasses import dataclass, replace

from madseg.core.errors import InvalidInput
from madseg.security.audit import NOWHERE, Audit, open_audit
from madseg.security.crowd import Crowd, crowd
from madseg.security.rates import Rates
from madseg.settings import setting


@dataclass(frozen=True)
class Guarding:
    """Settings of every process that answers calls."""

    max_calls: int = setting("MADSEG_MAX_CALLS", 128, "Calls that a server takes on at once; more are refused")
    max_streams: int = setting("MADSEG_MAX_STREAMS", 512, "Streams that a gRPC server keeps open at once")
    max_held: int = setting("MADSEG_MAX_HELD_BYTES", 512 << 20, "Bytes of requests that a server holds at once")
    call_rate: float = setting("MADSEG_CALL_RATE", 0.0, "Calls a second that a server takes of each caller; 0: any")
    call_burst: int = setting("MADSEG_CALL_BURST", 200, "Calls that a caller may make at once after a pause")
    audit: str = setting("MADSEG_AUDIT", "", "Where changes and refusals are noted: a file, or stdout; empty: nowhere")


@dataclass(frozen=True)
class Guard:
    """Of one server."""

    crowd: Crowd
    rates: Rates
    audit: Audit = NOWHERE


def guard(config: Guarding) -> Guard:
    """By settings.

    Raises:
        InvalidInput: a limit that can't be, or an audit log that can't be written.
    """
    least = {
        "MADSEG_MAX_CALLS": config.max_calls,
        "MADSEG_MAX_STREAMS": config.max_streams,
        "MADSEG_MAX_HELD_BYTES": config.max_held,
        "MADSEG_CALL_BURST": config.call_burst,
    }
    for variable, value in least.items():
        if value < 1:
            raise InvalidInput(f"{variable} must be at least 1, got {value}")
    if config.call_rate < 0:
        raise InvalidInput(f"MADSEG_CALL_RATE must be 0 (any) or more, got {config.call_rate:g}")
    return Guard(_crowd(config), Rates(config.call_rate, config.call_burst), open_audit(config.audit))


def beside(other: Guard, config: Guarding) -> Guard:
    """Of a second server of the process: it has room for calls of its own, and bytes, rates and audit log in common."""
    return replace(other, crowd=replace(_crowd(config), bytes=other.crowd.bytes))


def _crowd(config: Guarding) -> Crowd:
    return crowd(config.max_calls, config.max_streams, config.max_held)
