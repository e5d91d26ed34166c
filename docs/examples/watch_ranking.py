"""Prints the top of a ranking now, and again whenever it changes.

python watch_ranking.py bus        that of the class with the most images; until Ctrl-C
python watch_ranking.py bus 60     for so many seconds
"""

import sys
from contextlib import suppress

from madseg.client import Client, DeadlineExceeded


def main(class_name: str, seconds: str = "") -> None:
    with Client.from_environment() as client:
        key = max(client.rankings(class_name=class_name), key=lambda line: line.images).key
        print(f"{class_name}: {key.target} against {key.competitor}, seen by the {key.defender}", flush=True)
        pages = client.watch(
            key.target,
            key.competitor,
            key.defender,
            key.class_name,
            top=5,
            timeout=float(seconds) if seconds else None,
        )
        with suppress(DeadlineExceeded, KeyboardInterrupt):
            for page in pages:
                print(f"revision {page.revision}", *(entry.image_id for entry in page.entries), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
