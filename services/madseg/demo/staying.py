"""The end of the demo on a terminal: the pages stay up, with a link that signs in, until Ctrl-C."""

import json
import threading
from contextlib import suppress
from pathlib import Path

from madseg.cli.output import headed, remark, show
from madseg.security.access import sign_in_link
from madseg.up import OPERATOR


def pages(state: Path) -> str:
    """A link to the pages of the services that run on a state, which signs in whoever follows it."""
    found = json.loads((state / "endpoints.json").read_text())
    return sign_in_link(found["http"], (state / OPERATOR).read_text().strip())


def stay(state: Path) -> None:
    """Says where the pages are, and returns at Ctrl-C."""
    show(headed("Pages: ", pages(state)))
    with suppress(KeyboardInterrupt):
        remark("The services go on until Ctrl-C.")
        threading.Event().wait()
    remark("")
