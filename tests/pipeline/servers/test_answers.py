"""Every selector answers what a dense computation over all images gives, also after a release and a rollback."""

import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from deploy.local.triton import Triton
from tests.pipeline import expected
from tests.pipeline.conftest import environment
from tests.pipeline.driving import accept
from tests.pipeline.expected import Asked
from tests.pipeline.fleet import Fleet, Servers
from tests.pipeline.servers.checking import check
from tests.pipeline.world import COMPETITORS, RESERVE, TARGET, card, picture

pytestmark = [pytest.mark.soak, pytest.mark.timeout(2400)]


def test_every_selector_serves_the_rankings_of_the_reference(fleet: Fleet, asked: Asked) -> None:
    """And the cut of M; a competitor that comes late is replayed over what is there."""
    client = fleet.start()
    images = accept(client, asked, [picture(number) for number in range(60)], (TARGET, *COMPETITORS, RESERVE))
    check(fleet, images, COMPETITORS)
    client.set_role(RESERVE, "competitor")
    check(fleet, images, (*COMPETITORS, RESERVE))
    client.set_role(RESERVE, "retired")
    assert [process.terminate() for process in fleet.processes.values()] == [0] * len(fleet.processes)


def test_a_released_target_competes_over_all_images(servers: Servers, made: Path, asked: Asked, tmp_path: Path) -> None:
    """On a Triton of its own; the old contests answer meanwhile, and a rollback asks the version before again."""
    shutil.copytree(made / "models", tmp_path / "models")
    triton = Triton(tmp_path / "triton", tmp_path / "models")
    triton.start()
    settings = {
        **environment(made, tmp_path),
        **servers.urls(),
        "MADSEG_INFERENCE": triton.url,
        "MADSEG_PREFIX": f"test{uuid.uuid4().hex[:8]}",
        "MADSEG_PARTITIONS": "6",
    }
    try:
        with Fleet(settings, tmp_path, predictors=2, selectors=2) as fleet:
            client = fleet.start()
            pictures = [picture(8000 + number) for number in range(60)]
            images = accept(client, asked, pictures, (TARGET, *COMPETITORS, RESERVE))
            check(fleet, images, COMPETITORS)
            before = expected.served_rankings(client, COMPETITORS)
            text = yaml.safe_dump({**card(RESERVE), "name": TARGET, "role": "target"})
            client.release_version(made / "networks" / f"{RESERVE}.onnx", text)
            fleet.processes["predictor-1"].kill()
            fleet.processes["selector-2"].kill()
            fleet.start()
            late = accept(client, asked, [picture(8100)], (TARGET, *COMPETITORS, RESERVE))
            after = [replace(item, maps={**item.maps, TARGET: item.maps[RESERVE]}) for item in (*images, *late)]
            check(fleet, after, COMPETITORS)
            old = expected.served_rankings(client, COMPETITORS, f"{TARGET}/1")
            gone = {item.image_id for item in late}
            assert before == {key: [entry for entry in old[key] if entry[1] not in gone] for key in old}
            assert client.rollback_version(TARGET).model.serving == (1,)
    finally:
        triton.stop()
