"""Targets that are known by more than their ONNX file: a factory with safetensors, a Hugging Face folder."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from safetensors.torch import load_file

from madseg.core.errors import Forbidden, InvalidInput, InvalidModel
from madseg.finetune.bare import bare
from madseg.finetune.graph import trainable
from madseg.finetune.native import NativeNetwork, native_difference
from madseg.finetune.owned import made
from madseg.finetune.parity import check_parity
from madseg.finetune.run import run
from madseg.finetune.sources import TorchSource, fetch
from tests.finetune.owned import FACTORY, Small, hugging_face, known, served_export, weights
from tests.finetune.small import CLASSES, GRID, make_run, scene, served

Picture = Any


@pytest.fixture
def pictures() -> Picture:
    """Four of the small world."""
    return np.stack([scene(seed, (1, 2))[0] for seed in range(4)])


def native(module: Any, tmp_path: Path, **card: Any) -> NativeNetwork:
    """A module over the served file that was exported from `known`."""
    return NativeNetwork(trainable(served_export(known(), tmp_path, GRID, **card), CLASSES), module)


def labels(model: onnx.ModelProto, pictures: Picture) -> Any:
    """What a served file says."""
    return ort.InferenceSession(model.SerializeToString()).run(["labels"], {"image": pictures})[0]


def make_native_run(folder: Path, file: onnx.ModelProto, source: TorchSource, **changes: Any) -> Path:
    """The folder of a run whose target is known in torch."""
    make_run(folder, **changes)
    (folder / "served.onnx").write_bytes(file.SerializeToString())
    plan = json.loads((folder / "plan.json").read_text())
    plan["network"] = {"folder": source.folder, "factory": source.factory, "weights": source.weights}
    (folder / "plan.json").write_text(json.dumps(plan))
    fetch(source, folder, None)
    return folder


def test_a_factory_learns_and_is_written_in_the_form_it_came(tmp_path: Path, pictures: Picture) -> None:
    """The version wraps to the same labels, the weights fit the same network, and the next run begins from them."""
    source = TorchSource(factory=FACTORY, weights=str(weights(tmp_path)))
    folder = make_native_run(tmp_path / "run", served_export(known(), tmp_path, GRID), source)
    found = run(folder)
    assert found["passed"], found["reasons"]
    assert found["t0_select"]["after"] > found["t0_select"]["before"] + 0.2
    new = onnx.load(str(folder / "new.onnx"))
    again = served(onnx.load(str(folder / "bare.onnx")))
    assert (labels(new, pictures) == labels(again, pictures)).all()
    learned = Small()
    learned.load_state_dict(load_file(str(folder / "learned" / "weights.safetensors")))
    assert torch.equal(learned.norm.weight, known().norm.weight)
    assert not torch.equal(learned.last.weight, known().last.weight)
    following = tmp_path / "next"
    following.mkdir()
    fetch(source, following, folder / "learned")
    network = NativeNetwork(trainable(new, CLASSES), made(source, following))
    assert check_parity(network, pictures, native_difference).agreement == 1.0


def test_a_hugging_face_folder_learns(tmp_path: Path, pictures: Picture) -> None:
    """A network that no ONNX file alone can teach: onnx2torch doesn't take it."""
    module = hugging_face(tmp_path / "owner")
    source = TorchSource(folder=str(tmp_path / "owner"))
    file = served_export(module, tmp_path, GRID)
    folder = make_native_run(tmp_path / "run", file, source, epochs=8, learning_rates=[0.01], averages=[1.0])
    found = run(folder)
    assert found["parity"]["agreement"] == 1.0
    agreement = next(check for check in found["checks"] if check["name"] == "agreement")
    assert agreement["passed"], agreement
    assert found["t0_select"]["after"] > found["t0_select"]["before"]
    assert sorted(path.name for path in (folder / "learned").iterdir()) == ["config.json", "model.safetensors"]
    again = made(source, _renamed(folder, "learned", "network"))
    network = NativeNetwork(trainable(onnx.load(str(folder / "new.onnx")), CLASSES), again)
    assert check_parity(network, pictures, native_difference).agreement == 1.0


def _renamed(folder: Path, old: str, new: str) -> Path:
    """A folder in which the new network stands where the old one was."""
    made_of = folder.with_name("renamed")
    made_of.mkdir()
    (made_of / new).symlink_to(folder / old)
    return made_of


def test_normalisation_stays_as_it_came(tmp_path: Path) -> None:
    """Neither its statistics nor its scale learn from batches of two."""
    module = known()
    network = native(module, tmp_path).train()
    assert not module.norm.training
    assert {name for name, _ in module.named_parameters()} - {*network.state()} == {"norm.weight", "norm.bias"}


def test_a_twin_has_weights_of_its_own(tmp_path: Path, pictures: Picture) -> None:
    """The teacher doesn't learn."""
    network = native(known(), tmp_path)
    twin = network.twin()
    with torch.no_grad():
        network.owned.last.bias.add_(5)
        assert not torch.equal(network(torch.from_numpy(pictures)), twin(torch.from_numpy(pictures)))


def test_pieces_in_front_may_have_a_batch_of_one_built_in(tmp_path: Path, pictures: Picture) -> None:
    """Pictures then go through one by one."""
    file = served_export(known(), tmp_path, GRID)
    before = NativeNetwork(trainable(file, CLASSES), known())
    for node in file.graph.node:
        node.input[:] = ["madseg/head/back" if name == "image" else name for name in node.input]
    for at, (sizes, names) in enumerate((([-1, 3], ("image", "flat")), ([1, *GRID, 3], ("flat", "back")))):
        shape = onnx.numpy_helper.from_array(np.array(sizes, np.int64), f"madseg/head/sizes{at}")
        file.graph.initializer.append(shape)
        taken, given = (name if name == "image" else f"madseg/head/{name}" for name in names)
        file.graph.node.insert(at, onnx.helper.make_node("Reshape", [taken, shape.name], [given]))
    network = NativeNetwork(trainable(file, CLASSES), known())
    assert (before.batches, network.batches) == (True, False)
    with torch.no_grad():
        assert torch.allclose(network(torch.from_numpy(pictures)), before(torch.from_numpy(pictures)), atol=1e-5)


def test_an_answer_of_labels_keeps_its_argmax(tmp_path: Path, pictures: Picture) -> None:
    """What is exchanged ends before it."""
    file = served_export(known(), tmp_path, GRID)
    network = bare(file)
    network.graph.node.append(onnx.helper.make_node("ArgMax", ["logits"], ["said"], axis=1, keepdims=0))
    del network.graph.output[:]
    network.graph.output.append(onnx.helper.make_tensor_value_info("said", onnx.TensorProto.INT64, ["N", *GRID]))
    of_labels = served(network, output={"kind": "labels"})
    twin = NativeNetwork(trainable(of_labels, CLASSES), known())
    written = twin.written_into(of_labels)
    assert (labels(written, pictures) == labels(file, pictures)).all()
    with torch.no_grad():
        twin.owned.last.bias.copy_(torch.tensor([0.0, 0, 99]))
    assert (labels(twin.written_into(of_labels), pictures) == 2).all()


def test_other_weights_are_found_before_anything_is_learned(tmp_path: Path, pictures: Picture) -> None:
    """The first of them is named."""
    other = known()
    with torch.no_grad():
        other.last.weight.mul_(-1)
    with pytest.raises(InvalidModel, match=r"at least 99\.9% are needed; the first weights .* are last\.weight"):
        check_parity(native(other, tmp_path), pictures, native_difference)


def test_a_layer_that_exporting_changes_is_named(tmp_path: Path, pictures: Picture) -> None:
    """One that does something else while it is traced."""

    class Odd(torch.nn.Conv2d):  # type: ignore[misc, unused-ignore]
        def forward(self, given: torch.Tensor) -> torch.Tensor:
            found = super().forward(given)
            return found * 3 + 1 if torch.onnx.is_in_onnx_export() else found

    odd = known()
    last = Odd(8, 3, 1)
    last.load_state_dict(odd.last.state_dict())
    odd.last = last
    assert native_difference(native(odd, tmp_path), pictures[0]) == "exporting it changes last (Odd)"


def test_another_network_is_refused(tmp_path: Path) -> None:
    """By the shape of what it gives, or takes."""
    module = known()
    module.last = torch.nn.Conv2d(8, 5, 1)
    with pytest.raises(InvalidModel, match=r"gives scores \(1, 5, 16, 24\), the served one \(1, 3, 16, 24\)"):
        native(module, tmp_path)
    module.first = torch.nn.Conv2d(1, 8, 1)
    with pytest.raises(InvalidModel, match="doesn't take what the served one takes"):
        native(module, tmp_path)


@pytest.mark.parametrize(
    ("factory", "sentence"),
    [
        ("tests.finetune.owned:nobody", "fails: AttributeError"),
        ("tests.finetune.nowhere:Small", "fails: ModuleNotFoundError"),
        ("tests.finetune.owned:no_module", r"must give a torch\.nn\.Module, got str"),
        ("torch.nn:Identity", "the weights don't fit what torch.nn:Identity makes"),
    ],
)
def test_factories_that_give_nothing_to_learn_are_refused(tmp_path: Path, factory: str, sentence: str) -> None:
    """With what is wrong."""
    source = TorchSource(factory=factory, weights=str(weights(tmp_path)))
    fetch(source, tmp_path, None)
    with pytest.raises(InvalidModel, match=sentence):
        made(source, tmp_path)


def test_weights_that_config_does_not_fit_are_refused(tmp_path: Path) -> None:
    """They would be drawn at random without a word."""
    hugging_face(tmp_path / "owner")
    config = json.loads((tmp_path / "owner" / "config.json").read_text())
    (tmp_path / "owner" / "config.json").write_text(json.dumps({**config, "num_encoder_blocks": 2, "depths": [2, 1]}))
    source = TorchSource(folder=str(tmp_path / "owner"))
    fetch(source, tmp_path, None)
    with pytest.raises(InvalidModel, match=r"missing_keys, the first is segformer\."):
        made(source, tmp_path)


def test_what_is_pickled_is_never_read(tmp_path: Path) -> None:
    """The refusal says how to save it."""
    owner = tmp_path / "owner"
    owner.mkdir()
    (owner / "config.json").write_text("{}")
    (owner / "pytorch_model.bin").write_bytes(b"cos\nsystem\n")
    with pytest.raises(InvalidInput, match=r"no model\.safetensors, and pickled weights are never read"):
        fetch(TorchSource(folder=str(owner)), tmp_path, None)
    torch.save(known().state_dict(), tmp_path / "small.pt")
    with pytest.raises(InvalidInput, match=r"weights must be a safetensors file .*, got .*small\.pt"):
        fetch(TorchSource(factory=FACTORY, weights=str(tmp_path / "small.pt")), tmp_path, None)


@pytest.mark.parametrize(
    "source",
    [
        TorchSource(),
        TorchSource(folder="here", factory=FACTORY, weights="w"),
        TorchSource(factory=FACTORY),
        TorchSource(weights="w"),
    ],
)
def test_a_source_says_one_thing(source: TorchSource) -> None:
    """A folder, or a factory with weights."""
    with pytest.raises(InvalidInput, match="must be a Hugging Face folder, or a factory with its weights"):
        source.check(["tests"])


def test_factories_come_from_packages_that_were_named() -> None:
    """Whoever may begin runs may not call everything that is installed."""
    TorchSource(factory=FACTORY, weights="w").check(["tests"])
    with pytest.raises(Forbidden, match="whose code runs may call, and has none"):
        TorchSource(factory="os:abort", weights="w").check([])
    with pytest.raises(Forbidden, match="has tests"):
        TorchSource(factory="testsuite:Net", weights="w").check(["tests"])
    for factory in ("os", "os:", ":x", "os:a b", "os:x()", "../x:y"):
        with pytest.raises(InvalidInput, match=r"a factory is package\.module:name"):
            TorchSource(factory=factory, weights="w").check(["os"])
