"""What is brought together for a run, and what is kept out of it."""

import json
import re
import shutil
from collections.abc import Callable

import numpy as np
import pytest

from madseg.core.label_map import decode
from madseg.core.messages import VersionRef
from madseg.finetune import runs
from madseg.finetune.examples import Part, read_examples
from madseg.finetune.job import Job
from madseg.finetune.run import run
from madseg.finetune.sources import TorchSource
from tests.finetune.owned import FACTORY, weights
from tests.finetune.service.desk import Desk
from tests.finetune.service.world import CHANGES, FIRST, World, add_pair, image, make_folder, png
from tests.finetune.small import GRID, scene


def prepared(desk: Desk) -> list[tuple[Part, str]]:
    """Set and image of each example."""
    return [(item.part, item.image_id) for item in read_examples(desk.folder())]


def refusal(desk: Desk) -> str:
    """Why the run was refused in its preparation."""
    desk.turn()
    found = desk.run()
    assert found.state == runs.REFUSED
    assert desk.launcher.launched == []
    (reason,) = found.reasons
    return reason


def test_everything_is_brought_to_the_canonical_grid(desk: Desk) -> None:
    """S of both campaigns, S0, and T0 in two parts; pictures and masks as they were drawn."""
    desk.start(changes=CHANGES, seed=7)
    desk.turn()
    found = desk.run()
    assert (found.state, found.examples["s"], found.examples["s0"]) == (runs.TRAINING, 6, 6)
    assert found.examples["t0-select"] + found.examples["t0-report"] == 12
    assert min(found.examples.values()) > 0
    by_id = {item.image_id: item for item in read_examples(desk.folder())}
    for index in range(6):
        item = by_id[image(index)]
        picture, truth = scene(100 + index, (1, 2))
        assert (item.pixels(GRID) == picture).all()
        assert (decode(item.mask.read_bytes()).dense() == truth).all()
    plan = Job.read(desk.folder())
    assert (plan.classes, plan.seed, plan.changes) == (("dark", "red", "blue"), 7, CHANGES)
    assert (desk.folder() / "left_out.jsonl").read_text() == ""


def test_a_torch_network_comes_along(desk: Desk) -> None:
    """As its owner has it for the first version, and as its own run left it for the one that it released."""
    owner = weights(desk.world.root)
    source = TorchSource(factory=FACTORY, weights=str(owner))
    desk.start(network=source, promote=True)
    desk.turn()
    given = desk.folder() / "network" / "weights.safetensors"
    assert given.read_bytes() == owner.read_bytes()
    assert Job.read(desk.folder()).network == source
    (desk.folder() / "learned").mkdir()
    (desk.folder() / "learned" / "weights.safetensors").write_bytes(b"what it learned")
    desk.turn()
    desk.trained()
    desk.turn(2)
    for run_id, version, expected in (("b2", 2, b"what it learned"), ("c3", 1, owner.read_bytes())):
        file = desk.world.repository / "small" / str(version) / "model.onnx"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"the network of a1" if version == 2 else file.read_bytes())
        desk.start(run_id, network=source, target=VersionRef("small", version))
        desk.turn()
        assert (desk.folder(run_id) / "network" / "weights.safetensors").read_bytes() == expected
        runs.cancel(desk.database, run_id, desk.now)
        desk.turn()


def test_what_is_prepared_can_be_trained(desk: Desk) -> None:
    """By the real training."""
    desk.start(changes={**CHANGES, "epochs": 1})
    desk.turn()
    assert run(desk.folder())["examples"]["s"] == 6


def test_a_folder_is_prepared_once(desk: Desk) -> None:
    """One that is cut off goes on; one that is through isn't touched, whatever is drawn meanwhile."""
    desk.start()
    desk.turn()
    before = prepared(desk)
    desk.world.around.add(90, *scene(190, (1, 2)))
    runs.change(desk.database, desk.run(), desk.now, state=runs.PREPARING)
    desk.turn()
    assert prepared(desk) == before
    (desk.folder() / "plan.json").unlink()
    runs.change(desk.database, desk.run(), desk.now, state=runs.PREPARING)
    desk.turn()
    assert {*prepared(desk)} - {*before} == {(Part.S, image(90))}


def test_larger_pictures_of_another_shape_lose_their_margins(desk: Desk, world: World) -> None:
    """As those that come in do."""
    truth = np.zeros((32, 64), np.uint8)
    truth[:, 8:32], truth[:, :8] = 1, 2
    add_pair(world.s0, "wide", np.full((32, 64, 3), 7, np.uint8), truth)
    desk.start()
    desk.turn()
    wide = next(item for item in read_examples(desk.folder()) if item.part is Part.S0 and item.pixels(GRID).max() == 7)
    expected = np.zeros(GRID, np.uint8)
    expected[:, :12] = 1
    assert (decode(wide.mask.read_bytes()).dense() == expected).all()


@pytest.mark.parametrize(("number", "to"), [(50, "test"), (1, "lane")])
def test_an_image_that_is_measured_on_is_never_learned_from(desk: Desk, number: int, to: str) -> None:
    """Of T or of the random lane: the run is refused by name of the image."""
    around = desk.world.around
    if to == "lane":
        around.lane.add(image(number))
    else:
        around.add(number, *scene(700, (1, 2)))
    desk.start()
    assert f"image {image(number)} of S is of" in refusal(desk)


@pytest.mark.parametrize("of", ["T", "T0"])
def test_a_near_duplicate_of_what_is_measured_on_is_left_out(desk: Desk, of: str) -> None:
    """It is named, and the rest is learned from."""
    picture, truth = scene(500 if of == "T" else 301, (1, 2))
    near = desk.world.around.add(80, np.clip(picture.astype(int) + 3, 0, 255).astype(np.uint8), truth)
    desk.start()
    desk.turn()
    assert desk.run().examples["s"] == 6
    (left,) = [json.loads(line) for line in (desk.folder() / "left_out.jsonl").read_text().splitlines()]
    assert (left["image_id"], left["set"]) == (near, "s")
    assert left["near"].endswith("of T0" if of == "T0" else "of T of a campaign")


@pytest.mark.parametrize("moment", ["before", "between"])
def test_an_image_whose_picture_is_gone_is_left_out(desk: Desk, moment: str) -> None:
    """History or a `forget` took it, its accepted mask is still there: it is named, and the rest is learned from."""
    around = desk.world.around
    around.pictures.pop(image(0))
    if moment == "before":
        around.gone.add(image(0))
    desk.start()
    desk.turn()
    assert (desk.run().state, desk.run().examples["s"]) == (runs.TRAINING, 5)
    (left,) = [json.loads(line) for line in (desk.folder() / "left_out.jsonl").read_text().splitlines()]
    assert left == {"image_id": image(0), "set": "s", "reason": "its picture is gone"}


def test_an_image_of_t0_among_what_is_learned_is_refused(desk: Desk) -> None:
    """The very same file."""
    file = next((desk.world.t0 / "pictures").iterdir())
    shutil.copy(file, desk.world.s0 / "pictures" / file.name)
    shutil.copy(desk.world.t0 / "masks" / file.name, desk.world.s0 / "masks" / file.name)
    desk.start()
    assert "are learned from: a figure on what was learned says nothing" in refusal(desk)


def _no_masks(world: World) -> None:
    for masks in world.around.accepted.values():
        masks.clear()


def _all_near(world: World) -> None:
    _no_masks(world)
    picture, truth = scene(500, (1, 2))
    world.around.add(80, picture, truth)


def _all_gone(world: World) -> None:
    for masks in world.around.accepted.values():
        world.around.gone.update(masks)


def _gone_or_near(world: World) -> None:
    _all_gone(world)
    picture, truth = scene(500, (1, 2))
    world.around.add(80, picture, truth)


def _mask_of_another_size(world: World) -> None:
    add_pair(world.t0, "odd", scene(1, (1,))[0], np.zeros((3, 4), np.uint8))


def _foreign_label(world: World) -> None:
    picture, truth = scene(1, (1,))
    add_pair(world.s0, "odd", picture, truth + 3)


def _other_file(world: World) -> None:
    (world.repository / "small" / "1" / "model.onnx").write_bytes(b"another")


def _few(world: World) -> None:
    shutil.rmtree(world.t0)
    make_folder(world.t0, [(300, (1,))])


def _broken(world: World) -> None:
    (world.t0 / "pictures" / "p300.png").write_bytes(png(scene(300, (1,))[0])[:60])


def _colours(world: World) -> None:
    shutil.copy(world.t0 / "pictures" / "p300.png", world.t0 / "masks" / "p300.png")


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        (_no_masks, "S is empty: no mask of a counterexample is accepted"),
        (_all_near, "S is empty: all its 1 images are near to images that are measured on"),
        (_mask_of_another_size, "t0: 'odd' of .* can't be taken: the mask is 3x4, the picture 16x24"),
        (_foreign_label, "s0: 'odd' of .* can't be taken: the mask has the label [345], there are 3 classes"),
        (_colours, "t0: 'p300' of .* can't be taken: a PNG in RGB holds colours"),
        (_broken, "t0: 'p300' of .* can't be taken"),
        (_few, "t0-(select|report) is empty: a new version could not be judged"),
        (_other_file, "isn't the file that Models serves as small/1: MADSEG_REPOSITORY"),
        (lambda world: shutil.rmtree(world.repository), "can't be read: No such file"),
        (lambda world: (world.t0 / "masks" / "p300.png").unlink(), "t0: .*/masks lacks 'p300' and 0 more"),
        (lambda world: (world.s0 / "pictures" / "p200.png").unlink(), "s0: .*/pictures lacks 'p200'"),
        (lambda world: shutil.rmtree(world.t0), "t0: .* can't be read: No such file"),
        (lambda world: world.around.accepted.pop(FIRST), "no campaign"),
        (_all_gone, "S is empty: the pictures of 6 of its 6 images are gone$"),
        (_gone_or_near, "S is empty: the pictures of 6 of its 7 images are gone; the rest is near to images that"),
        (lambda world: (world.root / "runs").write_text(""), "the folder of the run, .* can't be written"),
    ],
)
def test_what_can_not_be_learned_from_is_refused(desk: Desk, spoil: Callable[[World], object], sentence: str) -> None:
    """With a sentence that says what, before anything is trained; the old version isn't touched."""
    spoil(desk.world)
    desk.start()
    assert re.search(sentence, refusal(desk))
    assert desk.world.around.released == []


def test_services_that_are_away_are_waited_for(desk: Desk) -> None:
    """Nothing is refused for it."""
    desk.world.around.away = True
    desk.start()
    desk.turn(3)
    assert desk.run().state == runs.PREPARING
    desk.world.around.away = False
    desk.turn()
    assert desk.run().state == runs.TRAINING
