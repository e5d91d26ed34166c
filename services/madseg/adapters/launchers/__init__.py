"""Adapters of the launcher."""

from pathlib import Path

from madseg.adapters.locations import scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Launcher


def open_launcher(url: str, kept: Path) -> Launcher:
    """The launcher at a URL; in the folder `kept` it keeps what it must know of runs after a restart.

    `process:` trains in a process of this machine, `process:?processes=4&nice=10` in four that share the work, a GPU
    each, and yield to others.

    Raises:
        InvalidInput: a URL of no known kind, or an option that can't be.
    """
    match scheme(url):
        case "process":
            from madseg.adapters.launchers.process import ProcessLauncher, parse_options

            return ProcessLauncher(kept, parse_options(url))
        case "kubernetes":
            raise InvalidInput(
                "training can't be launched in Kubernetes yet: give the service's own pod the GPU and use process:",
                field="launcher",
            )
        case other:
            raise InvalidInput(f"no launcher is known by {other!r}: use process:, got {url!r}", field="launcher")
