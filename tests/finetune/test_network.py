"""Networks known by their ONNX file alone, as torch modules."""

import json
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from madseg.core.errors import InvalidModel
from madseg.core.taxonomy import VOC
from madseg.finetune.graph import Trainable, trainable
from madseg.finetune.network import Network
from madseg.finetune.parity import check_parity, first_difference
from madseg.predictor.card import load_card
from madseg.predictor.source import load_source
from madseg.predictor.wrap import wrap
from tests.finetune.small import CLASSES, bare, scene, served
from tests.perf.maps import CARDS, names, real_folder

SHIPPED = [Path("model_repository") / name / "1" / "model.onnx" for name in ("unet", "dilated", "overview", "pyramid")]


def pictures(grid: tuple[int, int], count: int = 2) -> np.ndarray:
    """Noise in blocks, so that networks see shapes."""
    coarse = np.random.default_rng(5).integers(0, 256, (count, 8, 8, 3), np.uint8)
    rows, columns = (np.arange(side) * 8 // side for side in grid)
    return coarse[:, rows[:, None], columns]


def moved(network: Network) -> None:
    """As if it had learned something."""
    torch.manual_seed(1)
    with torch.no_grad():
        for parameter in network.learned():
            parameter.add_(0.02 * parameter.abs().mean() * torch.randn_like(parameter))


def check_round_trip(model: onnx.ModelProto, classes: tuple[str, ...]) -> Network:
    """Parity before, learning, and parity of the file that came of it."""
    network = Network(trainable(model, classes))
    seen = pictures(network.source.grid)
    assert check_parity(network, seen, first_difference).agreement >= 0.999
    moved(network)
    after = network.written_into(model)
    session = ort.InferenceSession(after.SerializeToString(), providers=["CPUExecutionProvider"])
    table = network.source.table
    for picture in seen:
        with torch.no_grad():
            wanted = table[network(torch.from_numpy(picture[None])).argmax(1).numpy()]
        assert (session.run(["labels"], {"image": picture[None]})[0] == wanted).mean() >= 0.999
    assert len(after.SerializeToString()) == pytest.approx(len(model.SerializeToString()), rel=0.02)
    return network


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parents[1].name)
def test_the_shipped_networks_go_to_torch_and_back(path: Path) -> None:
    """Convolutions, attention, depth to space, pooling."""
    model = onnx.load(str(path))
    classes = tuple((path.parents[1] / "labels.txt").read_text().split())
    network = check_round_trip(model, classes)
    floats = sum(np.prod(item.dims) for item in network.source.model.graph.initializer if item.data_type == 1)
    assert sum(parameter.numel() for parameter in network.learned()) > 0.99 * floats
    assert network.batches


@pytest.mark.skipif(real_folder() is None, reason="no real networks: set MADSEG_REAL to their folder")
@pytest.mark.parametrize("number", range(5))
def test_real_networks_go_to_torch_and_back(number: int) -> None:
    """DeepLab, ESPNet and DiCENet; the latter have their batch of one built in."""
    real = real_folder()
    assert real is not None
    name = names(real)[number]
    model = wrap(
        load_source(real / "models" / f"{name}.onnx").model, load_card(CARDS / f"{name}.yaml"), VOC, (513, 513)
    )
    assert check_round_trip(model, VOC.names).batches == (name == "deeplabv3_mnv2_257")


def test_logits_come_on_the_grid(network: Network) -> None:
    """One plane a class."""
    with torch.no_grad():
        assert network(torch.from_numpy(scene(1, (1,))[0][None])).shape == (1, 3, 16, 24)


def test_normalisation_stays_as_it_came(network: Network) -> None:
    """Neither its statistics nor its scale move, though it is told to train."""
    before = {name: value.clone() for name, value in network.module.state_dict().items()}
    network.train()
    optimiser = torch.optim.SGD(network.learned(), 1.0)
    network(torch.from_numpy(np.stack([scene(n, (1, 2))[0] for n in range(2)]))).sum().backward()
    optimiser.step()
    after = network.module.state_dict()
    changed = {name for name, value in after.items() if not torch.equal(value, before[name])}
    assert changed == {"first.weight", "first.bias", "last.weight", "last.bias"}


def test_weights_that_two_layers_share_stay_shared() -> None:
    """They learn as one and are written once."""
    model = bare()
    model.graph.node.insert(2, onnx.helper.make_node("Conv", ["r", "w3", "b1"], ["q"], name="again"))
    model.graph.node.insert(3, onnx.helper.make_node("Conv", ["q", "w3", "b1"], ["s"], name="and again"))
    model.graph.node[4].input[0] = "s"
    weight = np.random.default_rng(1).normal(0, 0.3, (8, 8, 1, 1)).astype(np.float32)
    model.graph.initializer.append(onnx.numpy_helper.from_array(weight, "w3"))
    network = check_round_trip(served(model), CLASSES)
    assert [weight.name for weight in network.weights] == ["w1", "b1", "w3", "w2", "b2"]


def test_a_batch_that_is_built_in_is_found_by_running() -> None:
    """Pictures then go through one by one, with the same result."""
    model = bare(batch=1)
    shape = onnx.numpy_helper.from_array(np.array([1, 8, 16, 24], np.int64), "shape")
    model.graph.initializer.append(shape)
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1, 8, 16, 24], np.int64), "sizes"))
    model.graph.node.insert(2, onnx.helper.make_node("Resize", ["r", "", "", "sizes"], ["s"], mode="linear"))
    model.graph.node[3].input[0] = "s"
    network = Network(trainable(served(model), CLASSES))
    assert not network.batches
    both = np.stack([scene(n, (1, 2))[0] for n in range(2)])
    with torch.no_grad():
        assert network(torch.from_numpy(both)).shape == (2, 3, 16, 24)


def test_a_batch_of_one_behind_what_flattens_is_left_as_it_is() -> None:
    """A dense layer over the pixels of all pictures: its rows aren't pictures, and the graph goes to torch and back."""
    network = check_round_trip(served(flattening()), CLASSES)
    assert not network.batches
    both = torch.from_numpy(np.stack([scene(n, (1, 2))[0] for n in range(2)]))
    with torch.no_grad():
        assert torch.equal(network(both), torch.cat([network(both[:1]), network(both[1:])]))


def flattening() -> onnx.ModelProto:
    """The small network whose last layer is dense: NCHW to NHWC, all pixels in rows, and back to one picture."""
    model = bare(batch=1)
    weight = next(item for item in model.graph.initializer if item.name == "w2")
    dense = onnx.numpy_helper.to_array(weight)[:, :, 0, 0].T
    weight.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(dense), "w2"))
    for name, sizes in (("rows", [-1, 8]), ("picture", [1, 16, 24, 3])):
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array(sizes, np.int64), name))
    del model.graph.node[-1]
    model.graph.node.extend(
        [
            onnx.helper.make_node("Transpose", ["n"], ["last"], perm=[0, 2, 3, 1]),
            onnx.helper.make_node("Reshape", ["last", "rows"], ["pixel"]),
            onnx.helper.make_node("MatMul", ["pixel", "w2"], ["product"]),
            onnx.helper.make_node("Add", ["product", "b2"], ["sum"]),
            onnx.helper.make_node("Reshape", ["sum", "picture"], ["again"]),
            onnx.helper.make_node("Transpose", ["again"], ["logits"], perm=[0, 3, 1, 2]),
        ]
    )
    return model


def test_a_network_that_torch_can_not_have_is_refused() -> None:
    """By the name of what it lacks."""
    model = bare()
    model.graph.node[1].op_type = "Shrink"
    with pytest.raises(InvalidModel, match="onnx2torch can't turn the network into a torch module"):
        Network(trainable(served(model), CLASSES))


def test_a_network_without_weights_is_refused(source: Trainable) -> None:
    """There is nothing to learn with."""
    model = bare()
    del model.graph.node[:]
    model.graph.node.append(onnx.helper.make_node("Relu", ["pixels"], ["logits"]))
    del model.graph.initializer[:]
    with pytest.raises(InvalidModel, match="no weights"):
        Network(trainable(served(model), CLASSES))


def test_the_layer_to_blame_is_named(network: Network) -> None:
    """Where the module isn't what the file says."""
    with torch.no_grad():
        network.module.get_submodule("last").weight.neg_()
    with pytest.raises(InvalidModel, match=r"gives .* of the pixels .*; the first to differ is Conv 'last'"):
        check_parity(network, np.stack([scene(1, (1, 2))[0]]), first_difference)


def test_states_are_by_the_names_of_the_file(network: Network) -> None:
    """And can be taken back."""
    before = network.state()
    assert set(before) == {"w1", "b1", "w2", "b2"}
    moved(network)
    network.restore(before)
    assert json.dumps({k: v.tolist() for k, v in before.items()}) == json.dumps(
        {k: v.tolist() for k, v in network.state().items()}
    )
