"""The real services for the pages: a `madseg up` in a process of its own on a small world, that can be killed."""

import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from playwright.sync_api import Page

from deploy.local.server import free_port
from madseg.client import Client
from madseg.core.label_map import decode
from madseg.demo.running import Running
from madseg.demo.streaming import stream
from madseg.demo.world import Known, project, uploads
from madseg.security.access import Role, add_token, sign_in_link
from madseg.simulation.world import RATES, World
from tests.browser.drawing import Pixels

IMAGES = 48
MORE = 6
"""Images that come while somebody looks."""
OFTEN_WRONG = World(rates=tuple((mode, 4 * rate) for mode, rate in RATES))


@dataclass
class Deployment:
    """Services with `IMAGES` images compared. They come back at the same addresses after they were killed."""

    folder: Path
    url: str = ""
    tokens: dict[str, str] = field(default_factory=dict)
    image_ids: Sequence[str] = ()

    def __enter__(self) -> Self:
        names = ("HTTP", "INTAKE", "MODELS", "SELECTOR", "LABELLING", "FINETUNE", "ROUNDS")
        ports = {f"MADSEG_{name}": f"127.0.0.1:{free_port()}" for name in names}
        self.url = f"http://{ports['MADSEG_HTTP']}"
        self._running = Running(self.state, {**project(self.folder), **ports})
        self.client = self._running.__enter__()
        known: list[Known] = []
        streamed = stream(self.client, uploads(IMAGES, known, OFTEN_WRONG), IMAGES, quiet=True)
        self.image_ids = [image_id for image_id in streamed.image_ids if image_id is not None]
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.client.close()
        self._running.__exit__(kind, error, at)

    @property
    def state(self) -> Path:
        """The folder of everything that is kept."""
        return self.folder / "state"

    def more_images(self) -> None:
        """A few more come."""
        known: list[Known] = []
        coming = list(uploads(IMAGES + MORE, known, OFTEN_WRONG))[IMAGES:]
        stream(self.client, coming, MORE, quiet=True)

    def add(self, name: str, *roles: Role) -> Client:
        """Gives somebody a token; a client that shows it."""
        self.tokens[name] = add_token(self.state / "tokens.json", name, roles)
        return self.client.with_token(self.tokens[name])

    def sign_in(self, page: Page, name: str, place: str = "overview") -> Page:
        """By a link, and then to a page."""
        page.goto(sign_in_link(self.url, self.tokens[name]))
        page.locator(".who .name").get_by_text(name, exact=True).wait_for()
        page.goto(f"{self.url}/#/{place}")
        return page

    def kill(self) -> None:
        """Ends everything at once, as a power cut would."""
        os.kill(int((self.state / "lock").read_text()), signal.SIGKILL)

    def restart(self) -> None:
        """Starts what was killed again."""
        self._running.__exit__(None, None, None)
        self.client.close()
        self.client = self._running.__enter__()

    def pixels(self, task: str, revision: int = 0) -> Pixels:
        """What a mask's revision says; 0: the last one."""
        return decode(self.client.mask_revision(task, revision).label_map).dense()
