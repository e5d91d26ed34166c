"""An old version against a new one where they disagree most: a competition of the two alone, in both roles (Wang et al.
2022, section 4.3; Yan et al. 2021), judged by the truth."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from madseg.client import Version
from madseg.core.candidates import cut
from madseg.core.comparison import Comparison, compare_paired
from madseg.core.content import ContentConstraint
from madseg.core.discrepancy import Compared, Metric, compare
from madseg.core.label_maps import decode_all
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import Entry, RankingKey
from madseg.demo.changes import RIGHT, SEED, Change
from madseg.demo.versions import Answers
from madseg.demo.world import Known
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import SIZE

METRIC = Metric(len(TAXONOMY))


@dataclass(frozen=True)
class Side:
    """The images of one class: how many, each version's mean true mIoU on them in [0, 1], who is right how often."""

    name: str
    images: int
    old: float
    new: float
    old_right: int
    new_right: int


@dataclass(frozen=True)
class Contest:
    """What came of it. An image that several rankings chose counts once in `whole` and `comparison`."""

    old: Version
    new: Version
    sides: Sequence[Side]
    whole: Side
    comparison: Comparison

    def change(self, what: str) -> Change:
        """The whole of it, as a line beside other sets."""
        whole = self.whole
        return Change(what, whole.images, whole.old, whole.new, self.comparison, whole.new_right, whole.old_right)


def meet(
    old: Version,
    new: Version,
    answers: Mapping[Version, Answers],
    known: Mapping[str, Known],
    constraint: ContentConstraint,
    per_ranking: int,
) -> Contest | None:
    """Lets two versions compete over the images of `known`; None where they never disagree.

    Of each class and role the first `per_ranking` images are taken, near-duplicates behind the first of their kind.
    """
    ids = sorted(known)
    said = decode_all([answers[version].wires[image_id] for version in (old, new) for image_id in ids])
    compared = compare(said, range(len(ids)), range(len(ids), 2 * len(ids)), METRIC)
    candidates = cut(_rankings(ids, compared, known, constraint, (old, new)), per_ranking)
    if not candidates:
        return None
    of_class: dict[int, list[str]] = {label: [] for label in TAXONOMY.ranked}
    for item in candidates:
        for label in {place.key.label for place in item.placements}:
            of_class[label].append(item.image_id)
    before, after = answers[old].mious, answers[new].mious
    everything = [item.image_id for item in candidates]
    old_figures, new_figures = (np.array([found[image_id] for image_id in everything]) for found in (before, after))
    sides = [_side(TAXONOMY.names[label], chosen, before, after) for label, chosen in of_class.items() if chosen]
    return Contest(
        old, new, sides, _side("all", everything, before, after), compare_paired(old_figures, new_figures, SEED)
    )


def _rankings(
    ids: Sequence[str],
    compared: Compared,
    known: Mapping[str, Known],
    constraint: ContentConstraint,
    versions: tuple[Version, Version],
) -> dict[RankingKey, list[Entry]]:
    """The rankings of every class in both roles; images on which the two agree to the pixel are in none."""
    old, new = (VersionRef(item.model, item.version) for item in versions)
    rankings = {}
    for defender, areas in (
        (Defender.TARGET, compared.target_areas),
        (Defender.COMPETITOR, compared.competitor_areas),
    ):
        for label in TAXONOMY.ranked:
            shares = areas[:, label] / SIZE**2
            entries = (
                Entry(ids[n], float(compared.discrepancy[n]), float(shares[n]), known[ids[n]].perceptual_hash)
                for n in np.flatnonzero((shares > 0) & (compared.discrepancy > 0)).tolist()
                if constraint.admits(label, float(shares[n]))
            )
            rankings[RankingKey(old, new, defender, label)] = sorted(entries, key=lambda entry: entry.order)
    return rankings


def _side(name: str, ids: Sequence[str], old: Mapping[str, float], new: Mapping[str, float]) -> Side:
    before, after = (np.array([found[image_id] for image_id in ids]) for found in (old, new))
    ahead = after - before
    return Side(
        name,
        len(ids),
        float(before.mean()),
        float(after.mean()),
        int((ahead < -RIGHT).sum()),
        int((ahead > RIGHT).sum()),
    )
