"""The served form: every shape of network in, the same answer out; and a refusal for each that can't be served."""

import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper

from madseg import __version__
from madseg.core.errors import InvalidModel
from madseg.core.taxonomy import VOID
from madseg.predictor.card import ModelCard
from madseg.predictor.check import Report, check
from madseg.predictor.running import Network
from madseg.predictor.served import read_served
from madseg.predictor.source import load_source
from madseg.predictor.wrap import wrap
from tests.predictor.networks import COLOURS, GRID, card, network, noise, picture, quarters

OWN_ORDER = ["blue", "green", "dark", "red"]


def labels(model: onnx.ModelProto, of: ModelCard, image: npt.NDArray[np.uint8] | None = None) -> npt.NDArray[np.uint8]:
    """The served form's labels of one picture."""
    served = Network(wrap(model, of, COLOURS, GRID).SerializeToString())
    (answer,) = served.run(["labels"], {"image": (picture() if image is None else image)[None]})
    result: npt.NDArray[np.uint8] = answer[0]
    return result


def entropy(model: onnx.ModelProto, of: ModelCard, image: npt.NDArray[np.uint8]) -> float:
    """The served form's entropy of one picture."""
    served = Network(wrap(model, of, COLOURS, GRID).SerializeToString())
    return float(served.run(["entropy"], {"image": image[None]})[0][0])


def verified(folder: Path, model: onnx.ModelProto, of: ModelCard, grid: tuple[int, int] = GRID) -> Report:
    """The report on three pictures."""
    path = folder / "net.onnx"
    onnx.save(model, path)
    served = wrap(model, of, COLOURS, grid).SerializeToString()
    return check(path, served, of, COLOURS, grid, [noise(seed, grid) for seed in range(3)])


def shape(model: onnx.ModelProto, name: str) -> list[int | str]:
    """A served input's or output's shape."""
    values = {item.name: item.type.tensor_type for item in (*model.graph.input, *model.graph.output)}
    return [dim.dim_param or dim.dim_value for dim in values[name].shape.dim]


@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
@pytest.mark.parametrize("dtype", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8])
def test_inputs_of_every_layout_and_type_are_fed(layout: str, dtype: int) -> None:
    """Float and uint8, NCHW and NHWC: the colours are told apart."""
    model = network(layout=layout, dtype=dtype)

    assert labels(model, card(input={"layout": layout})).tolist() == quarters(0, 1, 2, 3).tolist()


def test_an_unstated_layout_is_read_from_the_graph() -> None:
    """Where the 3 stands."""
    assert labels(network(layout="NHWC"), card()).tolist() == quarters(0, 1, 2, 3).tolist()


@pytest.mark.parametrize("dtype", [TensorProto.FLOAT, TensorProto.UINT8])
def test_bgr_networks_get_bgr(dtype: int) -> None:
    """The channels are turned inside the graph."""
    model = network(colour="BGR", dtype=dtype)

    assert labels(model, card(input={"colour": "BGR"})).tolist() == quarters(0, 1, 2, 3).tolist()


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_scale_mean_and_std_are_applied_in_the_network_s_channel_order(colour: str) -> None:
    """A network that adds its mean back: what it sees must be (x * scale - mean) / std."""
    model = network(mean=(0.4, 4.0, 40.0), colour=colour)
    given = card(input={"mean": [0.8, 8.0, 80.0], "std": [2, 2, 2], "scale": 2 / 255, "colour": colour})

    assert labels(model, given).tolist() == quarters(0, 1, 2, 3).tolist()


@pytest.mark.parametrize("stride", [1, 2, 4])
@pytest.mark.parametrize("layout", ["NCHW", "NHWC"])
def test_logits_of_any_resolution_are_brought_to_the_grid(tmp_path: Path, stride: int, layout: str) -> None:
    """Full, half and quarter size, classes first or last."""
    report = verified(tmp_path, network(stride=stride, answer_layout=layout), card(output={"layout": layout}))

    assert report.agreement == 1.0


@pytest.mark.parametrize("dtype", [TensorProto.INT64, TensorProto.INT32, TensorProto.UINT8, TensorProto.FLOAT])
@pytest.mark.parametrize("stride", [1, 2])
def test_label_maps_of_every_type_are_served_without_entropy(tmp_path: Path, dtype: int, stride: int) -> None:
    """Numbers of any type, at full and half size."""
    model = network(answer="labels", answer_dtype=dtype, stride=stride)
    given = card(output={"kind": "labels"})

    assert labels(model, given).tolist() == quarters(0, 1, 2, 3).tolist()
    assert verified(tmp_path, model, given).entropy_error is None


def test_label_maps_may_keep_a_channel_axis() -> None:
    """(N,1,H,W), as ArgMax leaves it."""
    model = network(answer="labels", keepdims=True)

    assert labels(model, card(output={"kind": "labels"})).tolist() == quarters(0, 1, 2, 3).tolist()


@pytest.mark.parametrize("kind", ["logits", "labels"])
def test_the_network_s_class_order_becomes_the_taxonomy_s(kind: str) -> None:
    """Own order in, the taxonomy's out."""
    model = network(classes=OWN_ORDER, answer=kind)

    assert labels(model, card(classes=OWN_ORDER, output={"kind": kind})).tolist() == quarters(0, 1, 2, 3).tolist()


@pytest.mark.parametrize("kind", ["logits", "labels"])
def test_classes_mapped_to_void_become_255(kind: str) -> None:
    """Void and merged classes, by name."""
    given = card(output={"kind": kind}, mapping={"green": "void", "blue": "red"})

    assert labels(network(answer=kind), given).tolist() == quarters(0, 1, VOID, 1).tolist()


@pytest.mark.parametrize("strange", [-1, 4, 255, 256, 70_000])
def test_labels_outside_the_card_become_255(strange: int) -> None:
    """Whatever a label network says beyond its classes is void, also where a byte would overflow."""
    model = network(answer="labels", answer_dtype=TensorProto.INT32)
    model.graph.node[-1].CopyFrom(helper.make_node("Add", [model.graph.node[-1].input[0], "shift"], ["answer"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(strange, np.int32), "shift"))

    assert (
        labels(model, card(output={"kind": "labels"}), picture(["dark"] * 4)).tolist() == quarters(*[VOID] * 4).tolist()
    )


def test_a_tie_goes_to_the_class_listed_first() -> None:
    """Red and crimson score alike everywhere."""
    model = network(classes=["dark", "blue", "red", "red"])
    given = card(classes=["dark", "blue", "red", "crimson"], mapping={"crimson": "green"})

    assert labels(model, given, picture(["red"] * 4)).tolist() == quarters(1, 1, 1, 1).tolist()


def test_a_network_of_one_class_answers_it() -> None:
    """Nothing to compare with."""
    assert labels(network(classes=["blue"]), card(classes=["blue"])).tolist() == quarters(3, 3, 3, 3).tolist()


def test_entropy_of_equal_logits_is_log_of_their_number() -> None:
    """In nats: the network scores four copies of dark."""
    model = network(classes=["dark"] * 4)
    given = card(classes=["a", "b", "c", "dark"], mapping={"*": "void"})

    assert entropy(model, given, picture()) == pytest.approx(np.log(4), abs=1e-6)


def test_entropy_of_certain_logits_is_nothing() -> None:
    """Logits that differ by thousands neither overflow nor leave a trace."""
    model = network()
    weight = numpy_helper.to_array(model.graph.initializer[0]) * 1e4
    model.graph.initializer[0].CopyFrom(numpy_helper.from_array(weight.astype(np.float32), "weight"))

    assert entropy(model, card(), picture(["red"] * 4)) == 0.0


def test_probabilities_have_the_entropy_of_their_logits() -> None:
    """A softmax at the end of the network changes nothing."""
    of_logits = entropy(network(), card(), noise(5))
    of_probabilities = entropy(network(answer="probabilities"), card(output={"kind": "probabilities"}), noise(5))

    assert of_probabilities == pytest.approx(of_logits, abs=1e-6)


@settings(max_examples=25, deadline=None)
@given(
    layout=st.sampled_from(["NCHW", "NHWC"]),
    dtype=st.sampled_from([TensorProto.FLOAT, TensorProto.UINT8]),
    stride=st.sampled_from([1, 2, 4]),
    answer=st.sampled_from(["logits", "probabilities", "labels"]),
    align_corners=st.booleans(),
    resize=st.sampled_from(["bilinear", "nearest"]),
    grid=st.tuples(st.integers(8, 50), st.integers(8, 50)),
    order=st.permutations(list(COLOURS.names)),
    batch=st.sampled_from([1, "N"]),
)
def test_served_and_unwrapped_networks_agree(
    tmp_path_factory: pytest.TempPathFactory,
    layout: str,
    dtype: int,
    stride: int,
    answer: str,
    align_corners: bool,
    resize: str,
    grid: tuple[int, int],
    order: list[str],
    batch: int | str,
) -> None:
    """For every combination of the card's choices, shrinking and growing."""
    model = network(classes=order, layout=layout, dtype=dtype, stride=stride, answer=answer, batch=batch)
    given = card(
        classes=order,
        input={"layout": layout, "resize": resize},
        output={"kind": answer, "align_corners": align_corners},
    )

    report = verified(tmp_path_factory.mktemp("net"), model, given, grid)

    assert report.agreement >= 0.999


@pytest.mark.parametrize("declared", [1, "N", "batch", 4])
def test_batches_are_served_where_the_network_runs_them(declared: int | str) -> None:
    """A declared 1 is only what the exporter was given."""
    served = wrap(network(batch=declared, stride=2), card(), COLOURS, GRID)
    pictures = np.stack([picture(), picture(["blue", "green", "red", "dark"]), picture(["red"] * 4)])

    answers, entropies = Network(served.SerializeToString()).run(["labels", "entropy"], {"image": pictures})

    assert shape(served, "labels") == ["N", *GRID]
    assert answers[:, 0, 0].tolist() == [0, 3, 1]
    assert entropies.shape == (3,)


def test_a_batch_of_1_baked_into_the_network_is_found() -> None:
    """The graph says any batch, a Reshape inside says 1: only running it tells."""
    served = wrap(network(batch="N", baked_batch=1), card(), COLOURS, GRID)

    assert [shape(served, name) for name in ("image", "labels", "entropy")] == [[1, *GRID, 3], [1, *GRID], [1]]
    assert Network(served.SerializeToString()).run(["labels"], {"image": picture()[None]})[0][0].tolist() == (
        quarters(0, 1, 2, 3).tolist()
    )


def test_a_network_that_mixes_the_images_of_a_batch_gets_batch_1() -> None:
    """It runs on two images, but answers otherwise than on each alone."""
    model = network(batch="N")
    model.graph.node[-1].CopyFrom(helper.make_node("Sub", [model.graph.node[-1].input[0], "middle"], ["answer"]))
    mean = helper.make_node("ReduceMean", [model.graph.node[-1].input[0]], ["middle"], axes=[0], keepdims=1)
    model.graph.node.insert(len(model.graph.node) - 1, mean)

    assert shape(wrap(model, card(), COLOURS, GRID), "labels") == [1, *GRID]


def test_open_heights_and_widths_take_the_grid(tmp_path: Path) -> None:
    """Nothing is resized on the way in."""
    model = network(size=("H", "W"), batch="N")
    served = wrap(model, card(), COLOURS, GRID)

    assert read_served(served.SerializeToString()).card.input.size == GRID
    assert verified(tmp_path, model, card()).agreement == 1.0


def test_open_heights_and_widths_take_the_card_s_size(tmp_path: Path) -> None:
    """The card says what the network was trained at."""
    given = card(input={"size": [12, 20]})
    served = wrap(network(size=("H", "W")), given, COLOURS, GRID)

    assert read_served(served.SerializeToString()).card.input.size == (12, 20)
    assert verified(tmp_path, network(size=("H", "W")), given).agreement >= 0.999


@pytest.mark.parametrize("names", [("image", "labels"), ("labels", "image"), ("entropy", "madseg/head/Cast_2")])
def test_the_network_s_own_names_don_t_collide(names: tuple[str, str]) -> None:
    """Tensors called as the served ones, or as those that are added."""
    assert labels(network(names=names), card()).tolist() == quarters(0, 1, 2, 3).tolist()


def test_names_inside_subgraphs_don_t_collide() -> None:
    """A branch that reads an outer tensor called `labels`."""
    model = network(names=("pixels", "labels"))
    branch = helper.make_graph(
        [helper.make_node("Identity", ["labels"], ["inner"])],
        "branch",
        [],
        [helper.make_tensor_value_info("inner", TensorProto.FLOAT, None)],
    )
    yes = helper.make_node("Constant", [], ["yes"], value=numpy_helper.from_array(np.array(True)))
    model.graph.node.extend([yes, helper.make_node("If", ["yes"], ["image"], then_branch=branch, else_branch=branch)])
    model.graph.output.append(helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 4, *GRID]))

    assert labels(model, card(output={"name": "image"})).tolist() == quarters(0, 1, 2, 3).tolist()


@pytest.mark.parametrize(("given", "kept"), [(11, 17), (13, 13), (17, 17), (18, 18), (21, 21)])
def test_opsets_the_server_reads_are_kept_and_older_ones_converted(given: int, kept: int) -> None:
    """13 to 21 stay; below, 17."""
    model = network(opset=given)
    model.ir_version = 10 if given == 21 else 6

    served = wrap(model, card(), COLOURS, GRID)

    assert [item.version for item in served.opset_import if item.domain == ""] == [kept]
    assert 8 <= served.ir_version <= 10


def test_an_old_file_s_constants_are_not_taken_for_inputs() -> None:
    """Before IR 4, initialisers were listed among the inputs; some are 4-D."""
    model = network(opset=11)
    model.ir_version = 3
    for stored in model.graph.initializer:
        value = helper.make_tensor_value_info(stored.name, stored.data_type, stored.dims)
        model.graph.input.append(value)

    assert labels(model, card()).tolist() == quarters(0, 1, 2, 3).tolist()


def test_a_network_with_a_fixed_batch_that_isn_t_needed_is_checked(tmp_path: Path) -> None:
    """The unwrapped network still wants its four images."""
    assert verified(tmp_path, network(batch=4), card()).agreement == 1.0


def test_a_newer_ir_is_lowered() -> None:
    """The server's ONNX Runtime reads up to 10."""
    model = network()
    model.ir_version = 12

    assert wrap(model, card(), COLOURS, GRID).ir_version == 10


def test_the_file_says_what_it_was_made_from() -> None:
    """Version, card, taxonomy, grid and the network's hash stand in the metadata."""
    served = wrap(network(batch="N"), card(), COLOURS, GRID, source_sha256="ab" * 32)
    said = {item.key: item.value for item in served.metadata_props}
    form = read_served(served.SerializeToString())

    assert said["madseg.version"] == __version__
    assert said["madseg.card_sha256"] == form.card.digest()
    assert json.loads(said["madseg.covers"]) == list(COLOURS.names)
    assert (form.grid, form.taxonomy, form.dynamic, form.has_entropy) == (GRID, COLOURS.id, True, True)
    assert (form.source_sha256, form.card.input.name, form.card.output.layout) == ("ab" * 32, "pixels", "NCHW")


def test_the_network_given_is_left_as_it_is() -> None:
    """Wrapping works on a copy."""
    model = network(names=("image", "labels"))
    before = model.SerializeToString()

    wrap(model, card(), COLOURS, GRID)

    assert model.SerializeToString() == before


def test_a_second_output_is_chosen_by_name() -> None:
    """Networks with auxiliary heads."""
    model = network(extra=[helper.make_node("Neg", ["answer"], ["auxiliary"])])
    model.graph.output.append(helper.make_tensor_value_info("auxiliary", TensorProto.FLOAT, [1, 4, *GRID]))

    assert labels(model, card(output={"name": "answer"})).tolist() == quarters(0, 1, 2, 3).tolist()


def test_external_data_in_the_folder_is_embedded(tmp_path: Path) -> None:
    """The served form is one file."""
    onnx.save_model(network(), tmp_path / "net.onnx", save_as_external_data=True, location="net.data", size_threshold=0)

    source = load_source(tmp_path / "net.onnx")

    assert labels(source.model, card()).tolist() == quarters(0, 1, 2, 3).tolist()


def externally(folder: Path, location: str) -> Path:
    """A saved network whose weight claims to lie at `location`."""
    model = network()
    weight = model.graph.initializer[0]
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value=location)
    path = folder / "net.onnx"
    path.write_bytes(model.SerializeToString())
    return path


@pytest.mark.parametrize("location", ["../weights.bin", "/tmp/weights.bin", "link.bin", "sub/../../weights.bin"])
def test_external_data_outside_the_folder_is_refused(tmp_path: Path, location: str) -> None:
    """Neither by `..`, nor by an absolute path, nor through a link."""
    folder = tmp_path / "model"
    folder.mkdir()
    (tmp_path / "weights.bin").write_bytes(bytes(48))
    (folder / "link.bin").symlink_to(tmp_path / "weights.bin")

    with pytest.raises(InvalidModel, match=r"tensor 'weight' keeps its data at .*, outside the model's folder: put"):
        load_source(externally(folder, location))


def test_missing_external_data_is_refused(tmp_path: Path) -> None:
    """The message names the file to copy."""
    with pytest.raises(InvalidModel, match=r"tensor 'weight' keeps its data in 'w\.bin', which is not there: copy it"):
        load_source(externally(tmp_path, "w.bin"))


def test_truncated_external_data_is_refused(tmp_path: Path) -> None:
    """A file that is shorter than the tensor."""
    path = externally(tmp_path, "w.bin")
    (tmp_path / "w.bin").write_bytes(bytes(8))

    with pytest.raises(InvalidModel, match=r"ONNX Runtime can't load the network|external data can't be read"):
        wrap(load_source(path).model, card(), COLOURS, GRID)


def test_two_gigabytes_of_external_data_are_refused(tmp_path: Path) -> None:
    """Before they are read: the file is all hole."""
    with (tmp_path / "w.bin").open("wb") as file:
        file.truncate(3 << 30)

    with pytest.raises(InvalidModel, match=r"net\.onnx has 32\d{8} bytes with its external data; .* less than 2 GB"):
        load_source(externally(tmp_path, "w.bin"))


@pytest.mark.parametrize(("content", "message"), [(b"\x89PNG....", "is not an ONNX file"), (b"", "is empty")])
def test_files_that_are_not_onnx_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    """A picture, an empty file."""
    (tmp_path / "net.onnx").write_bytes(content)

    with pytest.raises(InvalidModel, match=message):
        load_source(tmp_path / "net.onnx")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    """With the system's reason."""
    with pytest.raises(InvalidModel, match=r"none\.onnx can't be read: No such file"):
        load_source(tmp_path / "none.onnx")


def without_shape(model: onnx.ModelProto, value: onnx.ValueInfoProto) -> onnx.ModelProto:
    """The model with the rank of one of its inputs or outputs left out."""
    value.type.tensor_type.ClearField("shape")
    return model


def with_unknown_operator() -> onnx.ModelProto:
    """A network with an operator that ONNX Runtime lacks."""
    model = network()
    model.graph.node[0].op_type, model.graph.node[0].domain = "Segment", "somebody"
    model.opset_import.append(helper.make_opsetid("somebody", 1))
    return model


def with_second_input() -> onnx.ModelProto:
    """A network that wants a number beside the image."""
    model = network()
    model.graph.input.append(helper.make_tensor_value_info("threshold", TensorProto.FLOAT, [1]))
    return model


def with_second_output() -> onnx.ModelProto:
    """A network with two outputs of the same rank."""
    model = network(extra=[helper.make_node("Neg", ["answer"], ["auxiliary"])])
    model.graph.output.append(helper.make_tensor_value_info("auxiliary", TensorProto.FLOAT, [1, 4, *GRID]))
    return model


def with_flat_input() -> onnx.ModelProto:
    """A network of vectors."""
    vector = helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 10])
    score = helper.make_tensor_value_info("score", TensorProto.FLOAT, [1, 10])
    graph = helper.make_graph([helper.make_node("Relu", ["features"], ["score"])], "vectors", [vector], [score])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def with_unknown_answer_rank() -> onnx.ModelProto:
    """A network whose answer is reshaped by a shape that is computed."""
    model = network()
    model.graph.node[-1].CopyFrom(helper.make_node("Reshape", [model.graph.node[-1].input[0], "shape"], ["answer"]))
    for node in (
        helper.make_node("Shape", ["pixels"], ["all"]),
        helper.make_node("NonZero", ["all"], ["places"]),
        helper.make_node("Squeeze", ["places"], ["shape"]),
    ):
        model.graph.node.insert(0, node)
    return without_shape(model, model.graph.output[0])


def with_empty_answer() -> onnx.ModelProto:
    """A network that leaves no row of what it is given."""
    model = network(size=("H", "W"))
    last = model.graph.node[-1]
    last.CopyFrom(helper.make_node("Slice", [last.input[0], "none", "none", "axis"], ["answer"]))
    for name, value in {"none": [0], "axis": [2]}.items():
        model.graph.initializer.append(numpy_helper.from_array(np.array(value), name))
    return model


def with_unconvertible_operator() -> onnx.ModelProto:
    """A network of opset 6 with a Dropout that is left on, which later opsets don't know."""
    return network(opset=6, extra=[helper.make_node("Dropout", ["answer"], ["dropped"], is_test=0)])


def without_opset() -> onnx.ModelProto:
    """A network that names no standard operator set."""
    model = network()
    model.opset_import[0].domain = "somebody"
    return model


REFUSALS = {
    "unconvertible": (
        with_unconvertible_operator(),
        card(),
        r"opset 6 is older than 13 and can't be converted to 17 \(.+\): export .* with opset_version=17",
    ),
    "no opset": (
        without_opset(),
        card(),
        r"the model doesn't say which version of the standard ONNX operators it uses",
    ),
    "no 4-D image input": (
        with_flat_input(),
        card(),
        r"no 4-D image input; its inputs: 'features' float \[1, 10\]",
    ),
    "input of dynamic rank": (
        without_shape(model := network(), model.graph.input[0]),
        card(),
        r"input 'pixels' float rank unknown has a dynamic rank: export it with a 4-D shape",
    ),
    "output of dynamic rank": (
        with_unknown_answer_rank(),
        card(),
        r"output 'answer' float rank unknown has a dynamic rank",
    ),
    "class count": (
        network(),
        card(classes=["dark", "red", "green"]),
        r"the network has 4 classes \(output 'answer' is \[1, 4, 24, 32\], NCHW\), the card lists 3",
    ),
    "opset too new": (
        network(opset=22),
        card(),
        r"opset 22 is newer than 21, the newest that Triton 24\.10's ONNX Runtime reads: export .*17\.\.21",
    ),
    "unknown operator": (
        with_unknown_operator(),
        card(),
        r"ONNX Runtime can't load the network: .*somebody",
    ),
    "wrong layout": (
        network(),
        card(input={"layout": "NHWC"}),
        r"input 'pixels' float \[1, 3, 24, 32\] must have 3 channels on axis 3 in layout NHWC",
    ),
    "wrong size": (
        network(),
        card(input={"size": [10, 10]}),
        r"card\.input\.size is \[10, 10\], input 'pixels' float \[1, 3, 24, 32\] is fixed at \[24, 32\]",
    ),
    "mean for bytes": (
        network(dtype=TensorProto.UINT8),
        card(input={"mean": [1, 2, 3]}),
        r"input 'pixels' uint8 .* takes pixels as they are: remove scale, mean and std",
    ),
    "input name": (
        network(),
        card(input={"name": "x"}),
        r"card\.input\.name is 'x'; the network's inputs: 'pixels'",
    ),
    "output name": (
        network(),
        card(output={"name": "y"}),
        r"card\.output\.name is 'y'; the network's outputs: 'answer'",
    ),
    "second input": (
        with_second_input(),
        card(),
        r"wants more than the image: 'threshold' float \[1\]",
    ),
    "two outputs": (
        with_second_output(),
        card(),
        r"several outputs could be the logits; set card\.output\.name: 'answer' .*'auxiliary'",
    ),
    "input type": (
        network(dtype=TensorProto.UINT8, size=GRID),
        card(),
        r"input 'pixels' int8 .* must be float32, float16, float64, uint8",
    ),
    "labels for logits": (
        network(answer="labels"),
        card(),
        r"no output has the rank of logits \(4\): 'answer' int64 \[1, 24, 32\]; set card\.output\.kind",
    ),
    "logits for labels": (
        network(),
        card(output={"kind": "labels"}),
        r"labels must be \(N,H,W\), .*; output 'answer' is \[1, 4, 24, 32\]",
    ),
    "whole numbers for logits": (
        network(answer="labels", keepdims=True),
        card(),
        r"output 'answer' int64 .* can't be logits, which are float32, float16, float64",
    ),
    "baked batch": (
        network(batch=4, baked_batch=4),
        card(),
        r"input 'pixels' has a batch of 4 baked in: export the network with batch 1 or any",
    ),
    "size the network can't take": (
        network(size=("H", "W"), baked_batch=1),
        card(input={"size": [10, 10]}),
        r"the network fails on pixels \[1, 3, 10, 10\]: .*Reshape",
    ),
    "empty answer": (
        with_empty_answer(),
        card(),
        r"output 'answer' is empty \(\[1, 4, 0, 32\]\): set card\.input\.size",
    ),
}
REFUSALS["input type"][0].graph.input[0].type.tensor_type.elem_type = TensorProto.INT8


@pytest.mark.parametrize("cause", REFUSALS)
def test_what_can_t_be_served_is_refused_with_its_cause(cause: str) -> None:
    """One network for each refusal."""
    model, given, message = REFUSALS[cause]

    with pytest.raises(InvalidModel, match=message):
        wrap(model, given, COLOURS, GRID)
