"""What a run needs, brought together in its folder, and the last firewall before anything is learned.

The old version's served file is read from the model repository: no service gives files away. So this service sees that
folder too, and only reads it.

**Leaks.** Nothing that is measured on may be learned from: T of every campaign, T0, and what is drawn of the random
lane. A run in which such an image is among the learned ones is refused. An image whose perceptual hash is near to one
of them (`madseg.core.ranking.NEAR`) is left out, and `left_out.jsonl` says so. So is an image of S whose picture the
history of the gateway has let go, or that was forgotten meanwhile: its mask alone teaches nothing.

    FOLDER/pictures/, masks/    what `examples.jsonl` names
    FOLDER/network/             the torch network, where the plan names one
    FOLDER/left_out.jsonl       images that aren't learned from: near to one that is measured on, or without a picture
    FOLDER/plan.json            is written last: its presence says that all is there
"""

import hashlib
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.core.errors import Conflict, InvalidInput, NotFound
from madseg.core.label_map import decode, encode
from madseg.core.masks import to_canonical
from madseg.core.preprocess import Size, perceptual_hash
from madseg.core.ranking import Nearness
from madseg.files import replace_file
from madseg.finetune.examples import Example, Part, check_sets, read_examples, write_examples
from madseg.finetune.folders import Pair, pairs, selects
from madseg.finetune.job import FILE, Job
from madseg.finetune.neighbours import Neighbours
from madseg.finetune.runs import Run
from madseg.finetune.sources import fetch

GONE = "its picture is gone"
"""Why an image of S is left out that the gateway doesn't have any more."""

Tick = Callable[[], None]
"""Called between two images; it raises where the run isn't to be prepared on."""


def prepare(
    run: Run,
    neighbours: Neighbours,
    folder: Path,
    repository: Path,
    classes: Sequence[str],
    grid: Size,
    threads: int,
    tick: Tick,
    learned: Path | None = None,
) -> Mapping[str, int]:
    """Fills the folder of a run, once, and says how many examples each set has. It goes on where it was cut off.

    Args:
        learned: the torch network of the run that the target came about by.

    Raises:
        MadsegError: what is given can't be learned from; the message says why.
        Unavailable: a service doesn't answer.
    """
    if not (folder / FILE).exists():
        try:
            for name in ("pictures", "masks"):
                (folder / name).mkdir(parents=True, exist_ok=True)
            _served(run, neighbours, folder, repository)
            if run.plan.network is not None:
                fetch(run.plan.network, folder, learned)
            examples = _Gathering(run, neighbours, folder, tuple(classes), grid, tick).examples()
            check_sets(examples)
            write_examples(folder, examples)
            _job(run, tuple(classes), threads).write(folder)
        except OSError as error:
            raise Conflict(f"the folder of the run, {folder}, can't be written: {error.strerror or error}") from error
    counts = Counter(item.part.value for item in read_examples(folder))
    return dict(counts)


def _served(run: Run, neighbours: Neighbours, folder: Path, repository: Path) -> None:
    """The old version as it is served."""
    target = run.plan.target
    path = repository / target.model / str(target.version) / "model.onnx"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotFound(
            f"the served file of {target}, {path}, can't be read: {error.strerror}; MADSEG_REPOSITORY must be the "
            "folder that the Models service writes"
        ) from error
    wanted = neighbours.model(target.model).versions.get(target.version)
    if hashlib.sha256(content).hexdigest() != wanted:
        raise Conflict(f"{path} isn't the file that Models serves as {target}: MADSEG_REPOSITORY must be its folder")
    replace_file(folder / "served.onnx", content)


def _job(run: Run, classes: tuple[str, ...], threads: int) -> Job:
    plan = run.plan
    return Job(plan.recipe, classes, plan.seed, dict(plan.changes), plan.bounds, threads, plan.network)


class _Gathering:
    """Examples of one run."""

    def __init__(
        self, run: Run, neighbours: Neighbours, folder: Path, classes: tuple[str, ...], grid: Size, tick: Tick
    ) -> None:
        self._plan, self._neighbours, self._folder = run.plan, neighbours, folder
        self._classes, self._grid, self._tick = classes, grid, tick
        self._measured = Nearness()
        self._left_out: list[dict[str, str]] = []

    def examples(self) -> list[Example]:
        """All of them; what is measured on comes first, so that what is learned can be held against it."""
        tested = self._tested()
        t0 = [self._measured_on(pair) for pair in self._pairs("t0", self._plan.t0)]
        learned = {item.image_id: item for item in self._s0(tested)} | {item.image_id: item for item in self._s(tested)}
        lines = "".join(json.dumps(item) + "\n" for item in self._left_out)
        replace_file(self._folder / "left_out.jsonl", lines.encode())
        if not any(item.part is Part.S for item in learned.values()):
            raise InvalidInput(self._nothing())
        return [*sorted(learned.values(), key=lambda item: (item.part, item.image_id)), *t0]

    def _tested(self) -> dict[str, str]:
        found = self._neighbours.tested()
        for image in sorted(found):
            self._tick()
            try:
                content = self._neighbours.picture(image)
            except NotFound:  # it was forgotten: nothing can be near to what isn't there
                continue
            self._measured.take(f"{image} of {found[image]}", perceptual_hash(_pixels(content)))
        return found

    def _s(self, tested: Mapping[str, str]) -> Iterator[Example]:
        masks: dict[str, bytes] = {}
        for campaign in self._plan.campaign_ids:
            masks.update(self._neighbours.masks(campaign))
        for image in sorted(masks):
            self._tick()
            try:
                (crop, random_lane), content = self._neighbours.crop(image), self._neighbours.picture(image)
            except NotFound:  # labelling keeps masks for longer than the gateway keeps pictures
                self._left_out.append({"image_id": image, "set": Part.S.value, "reason": GONE})
                continue
            if image in tested or random_lane:
                raise InvalidInput(
                    f"image {image} of S is of {tested.get(image, 'the random lane')}, which is never learned from: "
                    "send its mask back"
                )
            pixels = _pixels(content)
            if self._may_be_learned(image, Part.S, pixels):
                mask = to_canonical(decode(masks[image]), crop, self._grid)
                yield self._example(Part.S, Pair(image, pixels, mask))

    def _s0(self, tested: Mapping[str, str]) -> Iterator[Example]:
        for pair in self._pairs("s0", self._plan.s0):
            if pair.image_id in tested:
                raise InvalidInput(
                    f"image {pair.image_id} of S0 is of {tested[pair.image_id]}, which is never learned from: take it "
                    "out of S0"
                )
            if self._may_be_learned(pair.image_id, Part.S0, pair.picture):
                yield self._example(Part.S0, pair)

    def _pairs(self, what: str, folder: str) -> Iterator[Pair]:
        if folder:
            for pair in pairs(folder, what, self._grid, len(self._classes)):
                self._tick()
                yield pair

    def _measured_on(self, pair: Pair) -> Example:
        self._measured.take(f"{pair.image_id} of T0", perceptual_hash(pair.picture))
        return self._example(Part.SELECT if selects(pair.image_id) else Part.REPORT, pair)

    def _may_be_learned(self, image: str, part: Part, picture: NDArray[np.uint8]) -> bool:
        near = self._measured.find(perceptual_hash(picture))
        if near is None or near.startswith(image):  # the same image is refused by `check_sets`
            return True
        self._left_out.append({"image_id": image, "set": part.value, "near": near})
        return False

    def _example(self, part: Part, pair: Pair) -> Example:
        picture = self._folder / "pictures" / f"{pair.image_id}.png"
        mask = self._folder / "masks" / f"{pair.image_id}.map"
        if not picture.exists():
            content = io.BytesIO()
            Image.fromarray(pair.picture).save(content, "PNG", compress_level=1)
            replace_file(picture, content.getvalue())
        replace_file(mask, encode(pair.mask))
        return Example(pair.image_id, part, picture, mask)

    def _nothing(self) -> str:
        left = [item for item in self._left_out if item["set"] == Part.S]
        gone = sum(item.get("reason") == GONE for item in left)
        if gone:
            rest = "; the rest is near to images that are measured on" if gone < len(left) else ""
            return f"S is empty: the pictures of {gone} of its {len(left)} images are gone{rest}"
        if left:
            return f"S is empty: all its {len(left)} images are near to images that are measured on"
        return "S is empty: no mask of a counterexample is accepted in its campaigns"


def _pixels(content: bytes) -> NDArray[np.uint8]:
    with Image.open(io.BytesIO(content)) as picture:
        return np.array(picture.convert("RGB"))
