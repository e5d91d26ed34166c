"""Adapters of the launcher."""

from pathlib import Path

from madseg.adapters.locations import scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Launcher


def open_launcher(url: str, kept: Path) -> Launcher:
    """The launcher at a URL; in the folder `kept` it keeps what it must know of runs after a restart.

    `process:` trains in a process of this machine, `process:?processes=4&nice=10` in four that share the work, a GPU
    each, and yield to others. `kubernetes:?template=training` trains in Jobs made by a CronJob of the service's own
    namespace; `kubernetes:?server=https://host:6443&account=FOLDER` from outside of the cluster.

    Raises:
        InvalidInput: a URL of no known kind, or an option that can't be.
    """
    match scheme(url):
        case "process":
            from madseg.adapters.launchers.process import ProcessLauncher, parse_options

            return ProcessLauncher(kept, parse_options(url))
        case "kubernetes":
            from madseg.adapters.launchers import kubernetes

            return kubernetes.KubernetesLauncher(kubernetes.parse_options(url))
        case other:
            raise InvalidInput(
                f"no launcher is known by {other!r}: use process: or kubernetes:, got {url!r}", field="launcher"
            )
