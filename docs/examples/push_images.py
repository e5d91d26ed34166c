"""Sends the pictures of a folder, and tells of each what became of it.

python push_images.py pictures/ crawl-7

Whatever is sent twice is one image: after an error the same command goes on.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

from madseg.client import Accepted, Client, Upload


def uploads(folder: Path, source: str) -> Iterator[Upload]:
    for path in sorted(folder.iterdir()):
        yield Upload.from_file(path, source=source, tags={"folder": folder.name})


def main(folder: str, source: str = "upload") -> None:
    refused = 0
    with Client.from_environment() as client:
        for result in client.upload_many(uploads(Path(folder), source)):
            if isinstance(result, Accepted):
                print(result.image_id, result.name, "was in already" if result.duplicate else "is in")
            else:
                refused += 1
                print(f"{result.name} was refused: {result.reason}", file=sys.stderr)
    sys.exit(3 if refused else 0)


if __name__ == "__main__":
    main(*sys.argv[1:])
