"""One round on a network that is known by its ONNX file alone (Wang et al. 2022, Algorithm 1), over the real services.

Of the PASCAL VOC val photographs some are T0, some are held back, and the others are mined together with those of COCO.
The truth stands in for people: it grades M, and is the mask of what is chosen. No network here was trained on VOC val,
so both figures are honest; on COCO and on S0 they were, so nothing is measured there.
"""

import csv
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from madseg.cli.output import remark
from madseg.client import Box, CampaignPlan, Client, GateBounds, Run, RunPlan, RunState, Version
from madseg.core.comparison import compare_paired
from madseg.core.confusion import confusion, mean_iou
from madseg.core.errors import Conflict
from madseg.core.evaluation import image_mious, of_data_set
from madseg.core.label_map import LabelMap, decode, encode, from_dense
from madseg.core.taxonomy import VOC, VOID
from madseg.security.access import Role as Person
from madseg.security.access import add_token

T0, HELD_BACK = 60, 100
"""Photographs of VOC val that are never mined: half of T0 chooses, half gates; what is held back only reports."""

COUNTEREXAMPLES = 40
RECIPE = {"epochs": 8}
"""The recipe `modern` but for its length: eight epochs of some two hundred pictures take minutes on two cores."""

REPLAY_SECONDS = 1200.0
"""Longest wait for the new version to see every photograph."""

Confusions = NDArray[np.int64]


@dataclass(frozen=True)
class Shares:
    """Names of photographs with truth, by what they are for."""

    mined: tuple[str, ...]
    t0: tuple[str, ...]
    held_back: tuple[str, ...]


@dataclass(frozen=True)
class Difference:
    """A set before and after: mIoU of the data set, and the paired gain of the images' own mIoU with its interval."""

    images: int
    before: float
    after: float
    gain: float
    low: float
    high: float
    p_value: float

    def sentence(self, name: str) -> str:
        """In words."""
        return (
            f"{name}, {self.images} photographs: mIoU {self.before:.3f} before and {self.after:.3f} after; an image "
            f"gains {self.gain:+.3f} [{self.low:+.3f}, {self.high:+.3f}] on average (p = {self.p_value:.3f})."
        )


def shares(real: Path) -> Shares:
    """Drawn by the hashes of their names."""
    with (real / "photos.csv").open(newline="") as file:
        names = [row["name"] for row in csv.DictReader(file) if row["truth"]]
    voc = sorted((name for name in names if name.startswith("voc")), key=_hash)
    others = [name for name in names if not name.startswith("voc")]
    return Shares((*voc[T0 + HELD_BACK :], *others), tuple(voc[:T0]), tuple(voc[T0 : T0 + HELD_BACK]))


def learn(
    client: Client, state: Path, real: Path, ids: Mapping[str, str], truths: Mapping[str, LabelMap]
) -> tuple[list[str], dict[str, Any]]:
    """Carries the round out; its sentences, and its figures.

    `ids` are the images' by their names, `truths` their masks on the canonical grid by id.
    """
    chosen, began = shares(real), time.monotonic()
    campaign = _choose(client, chosen, ids, truths)
    _draw(client, state, campaign, real, {image: name for name, image in ids.items()})
    run = _trained(client, _folders(state.parent / "learning", real, chosen))
    if run.released is None:
        return [f"The run was refused: {'; '.join(run.reasons)}."], {"reasons": run.reasons}
    versions = (run.plan.target, run.released)
    report = [name for name in chosen.t0 if int(ids[name][-1], 16) % 2]
    found = {
        name: _difference(*_confusions(client, [ids[item] for item in names], truths, versions))
        for name, names in (("Held back", chosen.held_back), ("T0-report", report))
    }
    counts = {name.value: count for name, count in run.examples.items()}
    took = f"One round on {versions[0]}, known by its ONNX file alone, took {time.monotonic() - began:.0f} s."
    learned = f"It learned from {counts['s']} counterexamples and {counts['s0']} photographs of S0."
    gate = [f"The gate refused it ({'; '.join(run.reasons)}); it was let through by name."] if run.reasons else []
    lines = [took, learned, *gate, *(item.sentence(name) for name, item in found.items())]
    return lines, {"examples": counts, "reasons": run.reasons, **{name: asdict(item) for name, item in found.items()}}


def _choose(client: Client, chosen: Shares, ids: Mapping[str, str], truths: Mapping[str, LabelMap]) -> str:
    """M is cut from what is mined, and graded by the truth; the campaign."""
    mined = {ids[name] for name in chosen.mined}
    others = [image for image in client.images() if image not in mined]
    client.exclude(others, "not mined")
    candidates = client.cut_candidates(per_ranking=25, note="one round on real photographs")
    plan = CampaignPlan(
        raters=1, counterexamples=COUNTEREXAMPLES, test_reserved=10, test_reported=10, repeat_share=0.0, seed=1
    )
    campaign = client.create_campaign(candidates.id, plan)
    remark(f"M holds {candidates.size} of {len(mined)} photographs; the truth grades them")
    while held := client.take_assignments(campaign.id, 10).assignments:
        for item in held:
            said = next(found for found in client.label_maps(item.image_id) if found.version == campaign.target)
            counts = confusion(truths[item.image_id], decode(said.label_map), len(VOC))
            client.grade(item.id, 1 + round(4 * mean_iou(counts)))
    client.choose_sets(campaign.id)
    return campaign.id


def _draw(client: Client, state: Path, campaign: str, real: Path, names: Mapping[str, str]) -> None:
    """The truth is what is drawn, and somebody else accepts it."""
    reviewer = client.with_token(add_token(state / "tokens.json", "reviewer", [Person.REVIEWER]))
    client.create_mask_tasks(campaign, double_share=0.0)
    while (task := client.take_mask_task()) is not None:
        mask = _mask(real / "truth" / f"{names[task.image_id]}.png", client.image(task.image_id).crop)
        client.submit_mask(task.id, client.save_mask(task.id, encode(mask), task.revision))
    while (review := reviewer.take_review()) is not None:
        reviewer.decide_review(review.id, review.revision, "accept")


def _mask(truth: Path, crop: Box) -> LabelMap:
    """The truth on the original's grid, void outside the part that is on the canonical one."""
    with Image.open(truth) as opened:
        labels = np.asarray(opened)
    inside = (slice(crop.top, crop.top + crop.height), slice(crop.left, crop.left + crop.width))
    found = np.full(labels.shape, VOID, np.uint8)
    found[inside] = labels[inside]
    return from_dense(found)


def _folders(root: Path, real: Path, chosen: Shares) -> RunPlan:
    """S0 and T0 as folders of links."""
    for part, names, source in (
        ("s0", None, (real / "s0" / "photos", real / "s0" / "truth")),
        ("t0", chosen.t0, (real / "photos", real / "truth")),
    ):
        for kind, folder in zip(("pictures", "masks"), source, strict=True):
            (root / part / kind).mkdir(parents=True)
            for file in folder.iterdir():
                if names is None or file.stem in names:
                    (root / part / kind / file.name).symlink_to(file.resolve())
    t0 = str((root / "t0").resolve())
    return RunPlan(s0=str((root / "s0").resolve()), t0=t0, changes=RECIPE, bounds=GateBounds(slower=2.0), promote=True)


def _trained(client: Client, plan: RunPlan) -> Run:
    """The run at its end. What the gate refuses is released all the same, to be measured."""
    run, epoch = client.start_run(plan), 0
    for found in client.watch_run(run.id):
        run = found
        if found.progress is not None and found.progress.selected is not None and found.progress.epoch != epoch:
            epoch = found.progress.epoch
            remark(f"epoch {epoch} of {found.progress.epochs}: loss {found.progress.loss:.3f}")
    if run.state is RunState.REFUSED and run.checks:
        client.promote_run(run.id, despite_gate=True)
        *_, run = client.watch_run(run.id)
    return run


def _confusions(
    client: Client, images: Sequence[str], truths: Mapping[str, LabelMap], versions: tuple[Version | str, Version]
) -> tuple[Confusions, Confusions]:
    """(N, classes, classes) of the old version and of the new, whose maps are waited for."""
    found = [_maps(client, image, versions[1]) for image in images]
    old, new = (
        np.stack(
            [
                confusion(truths[image], decode(maps[str(version)]), len(VOC))
                for image, maps in zip(images, found, strict=True)
            ]
        )
        for version in versions
    )
    return old, new


def _maps(client: Client, image: str, wanted: Version) -> dict[str, bytes]:
    """By version; those that the new one's is among."""
    end = time.monotonic() + REPLAY_SECONDS
    while True:
        found = {str(item.version): item.label_map for item in client.label_maps(image)}
        if str(wanted) in found:
            return found
        if time.monotonic() > end:
            raise Conflict(f"{wanted} has no map of image {image} after {REPLAY_SECONDS:.0f} s")
        time.sleep(1.0)


def _difference(old: Confusions, new: Confusions) -> Difference:
    paired = compare_paired(image_mious(old), image_mious(new), seed=0)
    gain = paired.gain
    before, after = of_data_set(old, 0).value, of_data_set(new, 0).value
    return Difference(len(old), before, after, gain.value, gain.low, gain.high, paired.p_value)


def _hash(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()
