"""What a new version must hold before it is released. It knows no torch: the service says it, training keeps it."""

from dataclasses import dataclass

DROP = "t0_report_drop"
"""The check of the old domain, by name."""


@dataclass(frozen=True)
class Bounds:
    """What a team lets through.

    `drop`: by how much mIoU on T0-report may fall, [0, 1]. `negative_flips`: share of T0-report's images that may get
    worse by more than `flip`, both in [0, 1]. `megabytes`: size of the file. `slower`: how many times as long as the
    old version it may take for a picture.
    """

    drop: float = 0.01
    negative_flips: float = 0.1
    flip: float = 0.1
    megabytes: float = 2000.0
    slower: float = 1.25
