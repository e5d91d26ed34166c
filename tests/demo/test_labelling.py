"""The whole way from a stream to masks of counterexamples, with simulated people, on the real services."""

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from madseg.client import CampaignState, Client
from madseg.client.values.masks import MaskPurpose
from madseg.core.comparison import rank_correlation
from madseg.core.label_map import LabelMap, decode
from madseg.demo.human_tables import closeness, masks, raters, sentences, sets
from madseg.demo.judging import Judged, judge
from madseg.demo.labelling import DRAWERS, RATERS, Labelled, label, plan_for
from madseg.demo.running import Running
from madseg.demo.streaming import stream
from madseg.demo.world import Known, by_id, project, uploads
from madseg.simulation.taxonomy import TAXONOMY
from madseg.simulation.world import RATES, World

onnxruntime = pytest.importorskip("onnxruntime", reason="pip install 'madseg[predictor]'")

IMAGES = 160
OFTEN_WRONG = World(rates=tuple((mode, 4 * rate) for mode, rate in RATES))
"""Four images in ten are of a failure mode, so that a short stream has some of most."""


@dataclass(frozen=True)
class Way:
    """What came of it, what is true, and what the selector would cut afterwards."""

    done: Labelled
    truths: dict[str, LabelMap]
    judged: dict[str, Judged]
    next_cut: set[str]


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Way]:
    """A stream, its M, three raters, three annotators."""
    output = tmp_path_factory.mktemp("labelling")
    state = output / "state"
    with Running(state, project(output)) as client:
        known: list[Known] = []
        streamed = stream(client, uploads(IMAGES, known, OFTEN_WRONG), IMAGES, quiet=True)
        truths = {image_id: item.truth for image_id, item in by_id(streamed, known).items()}
        yield _labelled(client, state, truths)


def _labelled(client: Client, state: Path, truths: dict[str, LabelMap]) -> Way:
    candidates = client.cut_candidates(per_ranking=3)
    target = candidates.contests[0].target
    predicted = {
        image_id: next(decode(found.label_map) for found in client.label_maps(image_id) if found.version == target)
        for image_id in truths
    }
    chosen = {item.image_id: predicted[item.image_id] for item in client.candidates(candidates.id)}
    done = label(client, state / "tokens.json", truths, chosen, plan_for(len(chosen)), quiet=True)
    judged = {
        image_id: judge(image_id, found, truths[image_id], TAXONOMY.names) for image_id, found in predicted.items()
    }
    return Way(done, truths, judged, _cut_again(client, done))


def _cut_again(client: Client, done: Labelled) -> set[str]:
    """The next M, once the selector has been told what was chosen."""
    gone = {item.image_id for item in (*done.sets.counterexamples, *done.sets.test)}
    deadline = time.monotonic() + 20
    while True:
        found = {item.image_id for item in client.candidates(client.cut_candidates(per_ranking=3).id)}
        if not gone & found or time.monotonic() > deadline:
            return found
        time.sleep(0.2)


def mean_miou(way: Way, image_ids: list[str]) -> float:
    return float(np.mean([way.judged[image_id].true_miou for image_id in image_ids]))


def test_counterexamples_are_far_worse_than_candidates_and_these_than_the_stream(way: Way) -> None:
    """Nobody who judged looked at the mIoU."""
    s = mean_miou(way, [item.image_id for item in way.done.sets.counterexamples])
    m = mean_miou(way, [item.image_id for item in way.done.opinions])
    assert s < m - 0.1
    assert m < mean_miou(way, list(way.judged)) - 0.1


def test_opinions_rank_images_as_the_truth_does(way: Way) -> None:
    """Nearly: people are blind to specks, and not to a missing person."""
    graded = [item for item in way.done.opinions if item.mean is not None and not item.vetoes]
    means = np.array([item.mean for item in graded], np.float64)
    assert rank_correlation(means, np.array([way.judged[item.image_id].true_miou for item in graded])) > 0.7


def test_every_image_has_its_grades_and_nobody_graded_twice(way: Way) -> None:
    """Three grades of three people unless it is vetoed; what is counted by rater and by image is the same."""
    done = way.done
    assert done.campaign.state is CampaignState.CLOSED
    assert {item.image_id for item in done.opinions} == set(done.pictures)
    assert len(done.opinions) == len(done.pictures) == done.campaign.images
    assert {item.grades for item in done.opinions if not item.vetoes} == {len(RATERS)}
    assert max(item.grades + item.vetoes for item in done.opinions) <= len(RATERS)
    assert sum(item.grades for item in done.opinions) == done.campaign.grades
    assert all(line.grades + line.vetoes + line.abstentions <= done.campaign.images for line in done.agreement.raters)


def test_images_out_of_domain_are_vetoed(way: Way) -> None:
    """All that M had, and hardly any other."""
    outside = {image_id for image_id, seen in way.done.pictures.items() if seen.out_of_domain}
    vetoed = {veto.image_id for veto in way.done.vetoes}
    assert outside <= vetoed
    assert len(vetoed - outside) <= 3
    assert not vetoed & {item.image_id for item in (*way.done.sets.counterexamples, *way.done.sets.test)}


def test_the_sets_are_disjoint_and_as_large_as_planned(way: Way) -> None:
    """T is reserved first; what just missed S is in neither; the selector proposes none of them again."""
    plan, chosen = plan_for(len(way.done.pictures)), way.done.sets
    s, t, next_in_line = (
        [item.image_id for item in group] for group in (chosen.counterexamples, chosen.test, chosen.just_missed)
    )
    assert (len(s), len(set(s)), len(set(t))) == (plan.counterexamples, plan.counterexamples, len(t))
    assert len(t) == plan.test_reserved
    assert not set(s) & set(t)
    assert not set(next_in_line) & {*s, *t}
    means = [item.mean or 0.0 for item in chosen.counterexamples]
    assert means == sorted(means)
    assert not way.next_cut & {*s, *t, *(veto.image_id for veto in way.done.vetoes)}


def test_every_chosen_image_has_one_accepted_mask_that_is_close_to_the_truth(way: Way) -> None:
    """Drawn by one person, checked by another."""
    done = way.done
    wanted = Counter(item.image_id for item in (*done.sets.counterexamples, *done.sets.test))
    first = [mask for mask in done.masks if mask.purpose is not MaskPurpose.SECOND_OPINION]
    assert Counter(mask.image_id for mask in first) == wanted
    assert len(done.masks) - len(first) == done.ceiling.images
    found = [closeness(mask, way.truths) for mask in done.masks]
    assert np.mean([miou for miou, _ in found]) > 0.85
    assert min(right for _, right in found) > 0.9
    assert all({task.annotator, task.reviewer} <= set(DRAWERS) for task in done.tasks)
    assert all(task.annotator != task.reviewer for task in done.tasks)


def test_work_is_shared_and_some_masks_are_drawn_twice(way: Way) -> None:
    """By two people; how alike they are is the human ceiling."""
    done = way.done
    assert len({(task.image_id, task.purpose) for task in done.tasks}) == len(done.tasks)
    by_annotator = Counter(task.annotator for task in done.tasks)
    assert max(by_annotator.values()) - min(by_annotator.values()) <= 3
    hands: dict[str, list[str]] = {}
    for task in done.tasks:
        hands.setdefault(task.image_id, []).append(task.annotator)
    assert all(len(names) == len(set(names)) for names in hands.values())
    assert done.ceiling.images == sum(len(names) == 2 for names in hands.values()) > 0
    assert done.ceiling.mean_iou is not None
    assert 0.6 < done.ceiling.mean_iou < 1.0


def test_findings_were_pinned_and_mended(way: Way) -> None:
    """None is left open."""
    found = [finding for task in way.done.tasks for finding in task.findings]
    assert found
    assert {finding.state.value for finding in found} == {"accepted"}
    assert all(task.revision >= 2 for task in way.done.tasks if task.findings)


def test_what_is_printed_says_it_all(way: Way) -> None:
    """Tables with a line for each set, rater and purpose, and sentences."""
    assert sets(way.done, way.judged).row_count == 4
    assert raters(way.done).row_count >= len(RATERS)
    assert masks(way.done, way.truths).row_count >= 2
    text = " ".join(map(str, sentences(way.done, way.judged)))
    assert "Spearman" in text
    assert "Krippendorff" in text
