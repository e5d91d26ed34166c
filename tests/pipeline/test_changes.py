"""The competition changes while images stream in: models join, leave and swap roles, maps come from elsewhere."""

import io
import json
import threading
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from PIL import Image

from madseg.client import (
    Accepted,
    Client,
    ContestState,
    ImportedMap,
    ImportedMaps,
    RankingPage,
    Refused,
    Upload,
    Version,
)
from madseg.core.label_map import encode, from_dense
from madseg.core.ranking import NEAR
from tests import reference
from tests.pipeline import expected
from tests.pipeline.driving import accept, settled
from tests.pipeline.expected import Asked
from tests.pipeline.running import Up, until
from tests.pipeline.world import COMPETITORS, GRID, RESERVE, TARGET, TAXONOMY, card, picture, png

EVERY = (TARGET, *COMPETITORS, RESERVE)


def states(client: Client) -> dict[tuple[str, str], ContestState]:
    """The state of each contest by target and competitor."""
    return {(item.target.model, item.competitor.model): item.state for item in client.contests()}


def test_a_competitor_that_joins_in_mid_stream_is_taken_over_the_images(up: Up, made: Path, asked: Asked) -> None:
    """A network added over gRPC lacks what came before it, and is asked about that without anybody's doing."""
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(20)], EVERY)
    settled(client, images)
    client.set_role(RESERVE, "retired")
    joining = {**card("omega"), "name": "zeta", "role": "competitor"}
    added = client.add_model(made / "networks" / "omega.onnx", yaml.safe_dump(joining))
    assert (added.model.name, added.model.imported) == ("zeta", False)
    until(lambda: (TARGET, "zeta") in states(client))
    images += accept(client, asked, [picture(seed) for seed in range(20, 30)], EVERY)
    settled(client, images)
    assert list(client.list_missing()) == []
    assert client.selector_status().replays == ()
    for image in images:
        image.maps = {**image.maps, "zeta": image.maps["omega"]}
    competitors = (*COMPETITORS, "zeta")
    by = expected.rules()
    assert expected.rankings(images, by, competitors) == expected.served_rankings(client, competitors)
    assert expected.candidates(images, by, competitors, 3) == expected.served_candidates(client, 3)


def test_another_target_retires_the_old_contests_and_queries_answer(up: Up, asked: Asked) -> None:
    """The new target's contests open, are backfilled from the stored maps, and answer; the old ones can be asked."""
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(25)], EVERY)
    settled(client, images)
    client.set_role(TARGET, "competitor")
    client.set_role("beta", "target")
    until(lambda: ("beta", TARGET) in states(client))
    settled(client, images)
    now = states(client)
    others = (TARGET, "delta", "gamma")
    assert [now[TARGET, name] for name in COMPETITORS] == [ContestState.RETIRED] * 3
    assert [now["beta", name] for name in others] == [ContestState.COMPLETE] * 3
    by = expected.rules()
    assert expected.rankings(images, by, others, "beta") == expected.served_rankings(client, others, "beta")
    assert expected.rankings(images, by, COMPETITORS) == expected.served_rankings(client, COMPETITORS, "alpha/1")
    assert expected.candidates(images, by, others, 3, "beta") == expected.served_candidates(client, 3)
    assert {line.key.target.model for line in client.matrix()} == {"beta"}


def test_maps_from_elsewhere_rank_like_any_other(up: Up, tmp_path: Path, asked: Asked) -> None:
    """No network at all: two registered models, label maps over gRPC, and the reference's rankings."""
    rng = np.random.default_rng(3)
    empty = tmp_path / "empty"
    empty.mkdir()
    client = up.start(MADSEG_REPOSITORY=str(empty), MADSEG_RANDOM_LANE="0")
    client.register_imported("ours", "target")
    client.register_imported("theirs", "competitor")
    images = []
    for number in range(30):
        maps = {name: np.repeat(rng.integers(0, 4, (GRID.height, 4), np.uint8), 8, 1) for name in ("ours", "theirs")}
        maps["ours"][:5] = 255 if number % 3 else 1
        images.append(reference.Image(f"{number + 1:032x}", maps))
    assert [image.image_id for image in images] == [
        item.image_id for item in imported(client, images) if isinstance(item, Accepted)
    ]
    settled(client, images)
    wanted = expected.rankings(images, expected.rules(), ["theirs"], "ours")
    assert all(wanted.values())
    assert wanted == expected.served_rankings(client, ["theirs"], "ours")
    assert expected.candidates(images, expected.rules(), ["theirs"], 4, "ours") == expected.served_candidates(client, 4)
    bad = [
        reference.Image("a" * 32, {"ours": np.full((GRID.height, GRID.width), 77, np.uint8)}),
        reference.Image("b" * 32, {"nobody": np.ones((GRID.height, GRID.width), np.uint8)}),
        reference.Image("c" * 32, {"ours": np.ones((3, 3), np.uint8)}),
    ]
    reasons = [item.reason for item in imported(client, bad) if isinstance(item, Refused)]
    assert "label 77 at row 0, column 0 is outside taxonomy 'colours'" in reasons[0]
    assert reasons[1].startswith("nobody/1 is not registered")
    assert "it is 3x3, the canonical grid is 24x32" in reasons[2]
    assert client.find_unknown(["a" * 32, "b" * 32, "c" * 32]) == ("a" * 32, "b" * 32, "c" * 32)


def imported(client: Client, images: Sequence[reference.Image]) -> list[Accepted | Refused]:
    """What became of the maps of images."""
    return list(
        client.import_predictions(
            ImportedMaps(
                image.image_id,
                [ImportedMap(Version(name, 1), encode(from_dense(dense))) for name, dense in image.maps.items()],
                name=f"maps of {image.image_id}",
            )
            for image in images
        )
    )


def test_near_duplicates_stand_behind_and_the_random_lane_is_never_mined(up: Up, asked: Asked) -> None:
    """Each place of a ranking is the first of its kind; images of the lane have none, and are explained."""
    client = up.start(MADSEG_RANDOM_LANE="0.3")
    images = accept(client, asked, [picture(seed) for seed in range(32)])
    settled(client, images)
    lane = {image.image_id for image in images if image.random_lane}
    assert 3 < len(lane) < 20
    hashes = {image.image_id: image.perceptual_hash or 0 for image in images}
    rows = expected.rankings(images, expected.rules(), COMPETITORS)["gamma", "competitor", 1]
    found = list(client.ranking(TARGET, "gamma", "competitor", "red", page_size=3))
    listed = [image for entry in found for image in (entry.image_id, *entry.near_duplicates)]
    assert sorted(image for _, image in rows) == sorted(listed)
    assert any(entry.near_duplicates for entry in found)
    for entry in found:
        for image in entry.near_duplicates:
            assert (hashes[entry.image_id] ^ hashes[image]).bit_count() <= NEAR
    for one in found:
        for other in found:
            assert one is other or (hashes[one.image_id] ^ hashes[other.image_id]).bit_count() > NEAR
    assert not lane & set(listed)
    explained = client.explain(min(lane))
    assert explained.random_lane
    assert {place.reason for contest in explained.contests for place in contest.classes} == {"it is in the random lane"}


def test_pages_give_each_entry_once_while_images_stream_in(up: Up, asked: Asked) -> None:
    """Whoever turns pages meanwhile sees everything that was there at first, and nothing twice."""
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(40)])
    settled(client, images)
    at_first = expected.rankings(images, expected.rules(), COMPETITORS)["beta", "target", 3]
    sending = threading.Thread(
        target=lambda: list(client.upload_many(Upload(picture(seed)) for seed in range(40, 120))), daemon=True
    )
    sending.start()
    for near in (True, False, True, True):
        seen: list[str] = []
        token, revisions = "", []
        while True:
            page = client.ranking_page(
                TARGET, "beta", "target", "blue", page_size=2, page_token=token, keep_near_duplicates=near
            )
            seen += [entry.image_id for entry in page.entries]
            revisions.append(page.revision)
            token = page.next_page_token
            if not token:
                break
        assert len(seen) == len(set(seen))
        assert revisions == sorted(revisions)
        if near:
            assert {image for _, image in at_first} <= set(seen)
    sending.join(60)
    assert not sending.is_alive()


def test_a_watcher_hears_of_changes_at_the_top_and_of_nothing_else(up: Up, asked: Asked) -> None:
    """The top now; silence while others change; the new top when its first image is excluded."""
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(16)])
    settled(client, images)
    rows = expected.rankings(images, expected.rules(), COMPETITORS)["delta", "target", 3]
    heard: list[RankingPage] = []

    def watch() -> None:
        for page in client.watch(TARGET, "delta", "target", "blue", top=2, timeout=40):
            heard.append(page)
            if len(heard) == 2:
                return

    watching = threading.Thread(target=watch, daemon=True)
    watching.start()
    until(lambda: heard)
    before = client.selector_status().revision
    # Flat dark pictures have no blue, so that they change the state and not this ranking.
    dark = [png(np.full((GRID.height, GRID.width, 3), number, np.uint8)) for number in range(5)]
    images += accept(client, asked, dark)
    settled(client, images)
    client.exclude([rows[-1][1]], "veto")
    until(lambda: client.selector_status().revision >= before + 6)
    # Two looks of the watcher later it would have said so.
    watching.join(0.8)
    assert len(heard) == 1
    client.exclude([rows[0][1]], "veto")
    watching.join(20)
    assert [len(page.entries) for page in heard] == [2, 2]
    assert rows[0][1] == heard[0].entries[0].image_id
    assert rows[0][1] not in {entry.image_id for entry in heard[1].entries}
    assert heard[0].revision < heard[1].revision
    assert [page.contest and str(page.contest.competitor) for page in heard] == ["delta/1", "delta/1"]


def test_a_changed_constraint_ranks_by_it_after_a_restart(up: Up, tmp_path: Path, asked: Asked) -> None:
    """The same images under other bounds, without predicting anything anew."""
    client = up.start()
    images = accept(client, asked, [picture(seed) for seed in range(24)])
    settled(client, images)
    criteria = client.selector_status().criteria_id
    assert up.terminate() == 0
    bounds = {"red": [0.02, 0.3], "blue": [0.1, 0.9]}
    constraint = tmp_path / "constraint.json"
    constraint.write_text(json.dumps({"taxonomy": TAXONOMY.id, "grid": str(GRID), "bounds": bounds}))
    client = up.start(MADSEG_CONSTRAINT=str(constraint))
    by = expected.rules()
    by.bounds = {1: (0.02, 0.3), 3: (0.1, 0.9)}
    assert expected.rankings(images, by, COMPETITORS) == expected.served_rankings(client, COMPETITORS)
    assert expected.candidates(images, by, COMPETITORS, 3) == expected.served_candidates(client, 3)
    assert criteria != client.selector_status().criteria_id


def test_a_mixed_bag_is_sorted_item_by_item(up: Up, asked: Asked) -> None:
    """Good and bad files in one stream: each bad one is named with its reason, the good ones rank."""
    whole = picture(1)
    file = io.BytesIO()
    Image.fromarray(np.full((9, 7, 4), 90, np.uint8)).convert("CMYK").save(file, "TIFF")
    items = {
        "whole.png": whole,
        "half.png": whole[: len(whole) // 2],
        "empty.jpg": b"",
        "letter.png": b"Dear reader, this is no picture.",
        "again.png": whole,
        "ink.tif": file.getvalue(),
        "dot.png": png(np.full((1, 1, 3), 200, np.uint8)),
        "other.png": picture(2),
    }
    client = up.start(MADSEG_RANDOM_LANE="0")
    told = list(client.upload_many(Upload(content, name) for name, content in items.items()))
    bad = {item.name: item.reason for item in told if isinstance(item, Refused)}
    assert list(bad) == ["half.png", "empty.jpg", "letter.png"]
    assert all(bad.values())
    accepted = [item for item in told if not isinstance(item, Refused)]
    assert [item.name for item in accepted if item.duplicate] == ["again.png"]
    models = (TARGET, *COMPETITORS)
    images = {
        item.image_id: asked.image(item.image_id, client.picture(item.image_id).content, models) for item in accepted
    }
    settled(client, list(images.values()))
    wanted = expected.rankings(list(images.values()), expected.rules(), COMPETITORS)
    assert wanted == expected.served_rankings(client, COMPETITORS)
    status = client.intake_status()
    assert (status.accepted, status.duplicates, status.refused) == (4, 1, 3)
