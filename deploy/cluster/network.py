"""The network namespace in which the whole cluster runs, without a way out of the machine.

An address of a Service that nobody catches would leave the machine otherwise. The node's interface is one end of a pair
of which both ends are in the namespace: the kubelet refuses a loopback address.
"""

import subprocess
from collections.abc import Sequence
from pathlib import Path

NAME = "madseg"
PLACE = Path("/var/run/netns") / NAME

NODE = "10.89.0.1"
"""The node's address."""

PODS = "10.88.0.0/16"
SERVICES = "10.96.0.0/16"
API = "10.96.0.1"
DNS = "10.96.0.10"


def inside(command: Sequence[str]) -> list[str]:
    """A command that runs in the namespace; `ip netns exec` would hide the cgroups from it."""
    return ["nsenter", f"--net={PLACE}", *command]


def make() -> None:
    """Makes the namespace; does nothing where it is."""
    if PLACE.exists():
        return
    _run("ip", "netns", "add", NAME)
    for line in (
        "ip link set lo up",
        "ip link add node0 type veth peer name node1",
        f"ip address add {NODE}/24 dev node0",
        "ip link set node0 up",
        "ip link set node1 up",
        "ip route add default dev node0",
        "sysctl --quiet --write net.ipv4.ip_forward=1",
    ):
        _run(*inside(line.split()))


def remove() -> None:
    """Removes the namespace, and every rule and interface with it."""
    if PLACE.exists():
        _run("ip", "netns", "delete", NAME)


def _run(*words: str) -> None:
    subprocess.run(words, check=True, capture_output=True)
