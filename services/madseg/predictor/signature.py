"""What a network takes and gives: read from its graph, filled in from its card, and made sure of by running it.

Declared shapes are hints only: exporters write a batch of 1 over networks that take any, and leave symbols over
networks that have a 1 baked into a Reshape. So batches are tried: two different images together must answer as they
do one by one.
"""

from dataclasses import dataclass, replace

import numpy as np
import onnx
from onnx import TensorProto, helper

from madseg.core.errors import InvalidModel
from madseg.predictor.card import InputSpec, ModelCard, OutputSpec
from madseg.predictor.running import Array, Network

FLOATS: dict[int, str] = {TensorProto.FLOAT: "float32", TensorProto.FLOAT16: "float16", TensorProto.DOUBLE: "float64"}
INPUT_TYPES: dict[int, str] = {**FLOATS, TensorProto.UINT8: "uint8"}
LABEL_TYPES: dict[int, str] = {
    **FLOATS,
    TensorProto.UINT8: "uint8",
    TensorProto.INT8: "int8",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
    TensorProto.BOOL: "bool",
}

Dims = tuple[int | None, ...]
"""A declared shape; None where it is open."""


@dataclass(frozen=True)
class Signature:
    """The verified interface of a network.

    `card` is complete: names, layouts, input size and normalisation are filled in. `shape` is the output's for one
    image. `dynamic` says that batches of any length work; otherwise only 1 does.
    """

    card: ModelCard
    input_type: int
    output_type: int
    shape: tuple[int, ...]
    dynamic: bool

    @property
    def output_size(self) -> tuple[int, int]:
        """(height, width) of the output, in pixels."""
        if self.card.output.kind == "labels":
            return spatial_of_labels(self.shape)
        return (self.shape[1], self.shape[2]) if self.card.output.layout == "NHWC" else (self.shape[2], self.shape[3])


def read_signature(model: onnx.ModelProto, card: ModelCard, grid: tuple[int, int]) -> Signature:
    """Find the image input and the answer in the graph, complete the card, and run the network once or twice.

    Args:
        grid: (height, width) of the canonical grid; the input size of networks that leave theirs open.

    Raises:
        InvalidModel: no 4-D image input, dynamic rank, a type or layout that doesn't fit the card, a class count
            that doesn't, or a network that fails on a picture; the message names which.
    """
    image = _image_input(model.graph, card.input)
    answer = _answer(model, card.output)
    input_type = image.type.tensor_type.elem_type
    spec = _complete_input(card.input, image, grid)
    dynamic, output = _try_batches(model, spec, image, answer.name)
    if not dynamic:
        _refuse_fixed_batch(_dims(image), image.name)
    completed = replace(card, input=spec, output=_complete_output(card, answer, output.shape))
    return Signature(completed, input_type, answer.type.tensor_type.elem_type, output.shape, dynamic)


def any_batch(model: onnx.ModelProto, image: str) -> onnx.ModelProto:
    """The network with its batch dimension left open at the image input and at every output."""
    opened = onnx.ModelProto()
    opened.CopyFrom(model)
    del opened.graph.value_info[:]  # they would pin the batch inside
    for value in (*opened.graph.input, *opened.graph.output):
        dims = value.type.tensor_type.shape.dim
        if dims and (value.name == image or value in opened.graph.output):
            dims[0].dim_param = "madseg_batch"
    return opened


def spatial_of_labels(shape: tuple[int, ...]) -> tuple[int, int]:
    """(height, width) of a label output (1,H,W), (1,1,H,W) or (1,H,W,1)."""
    if len(shape) == 3 or (shape[3] == 1 and shape[1] != 1):
        return shape[1], shape[2]
    return shape[2], shape[3]


def _dims(value: onnx.ValueInfoProto) -> Dims | None:
    """The declared shape, None where not even the rank is."""
    kind = value.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(dim.dim_value if dim.HasField("dim_value") and dim.dim_value > 0 else None for dim in kind.shape.dim)


def _shown(value: onnx.ValueInfoProto) -> str:
    dims = _dims(value)
    kind = TensorProto.DataType.Name(value.type.tensor_type.elem_type).lower()
    shape = "rank unknown" if dims is None else f"[{', '.join('?' if dim is None else str(dim) for dim in dims)}]"
    return f"{value.name!r} {kind} {shape}"


def _listed(values: list[onnx.ValueInfoProto]) -> str:
    return "; ".join(_shown(value) for value in values) or "none"


def _image_input(graph: onnx.GraphProto, spec: InputSpec) -> onnx.ValueInfoProto:
    """The input that takes the image: the one the card names, else the only 4-D one."""
    stored = {item.name for item in graph.initializer} | {item.values.name for item in graph.sparse_initializer}
    inputs = [value for value in graph.input if value.name not in stored]
    named = [value for value in inputs if value.name == spec.name]
    if spec.name and not named:
        raise InvalidModel(f"card.input.name is {spec.name!r}; the network's inputs: {_listed(inputs)}")
    candidates = named or inputs
    unknown = [value for value in candidates if value.type.HasField("tensor_type") and _dims(value) is None]
    images = [value for value in candidates if len(_dims(value) or ()) == 4]
    if not images and unknown:
        raise InvalidModel(f"input {_shown(unknown[0])} has a dynamic rank: export it with a 4-D shape")
    if not images:
        raise InvalidModel(f"the network has no 4-D image input; its inputs: {_listed(inputs)}")
    if len(images) > 1:
        raise InvalidModel(f"several inputs could be the image; set card.input.name: {_listed(images)}")
    if len(inputs) > 1:
        others = [value for value in inputs if value.name != images[0].name]
        raise InvalidModel(f"the network wants more than the image: {_listed(others)}; make them constants")
    if images[0].type.tensor_type.elem_type not in INPUT_TYPES:
        raise InvalidModel(f"input {_shown(images[0])} must be {', '.join(INPUT_TYPES.values())}")
    return images[0]


def _answer(model: onnx.ModelProto, spec: OutputSpec) -> onnx.ValueInfoProto:
    """The output with the answer: the one the card names, else the only one that has the rank of its kind."""
    ranks = (3, 4) if spec.kind == "labels" else (4,)
    types = LABEL_TYPES if spec.kind == "labels" else FLOATS
    outputs = list(_with_shapes(model).graph.output)
    named = [value for value in outputs if value.name == spec.name]
    if spec.name and not named:
        raise InvalidModel(f"card.output.name is {spec.name!r}; the network's outputs: {_listed(outputs)}")
    candidates = named or outputs
    fitting = [value for value in candidates if len(_dims(value) or ()) in ranks]
    unknown = [value for value in candidates if _dims(value) is None]
    if not fitting and unknown:
        raise InvalidModel(f"output {_shown(unknown[0])} has a dynamic rank: export it with a shape")
    if not fitting:
        raise InvalidModel(
            f"no output has the rank of {spec.kind} ({' or '.join(map(str, ranks))}): {_listed(outputs)}; "
            "set card.output.kind to what the network gives"
        )
    if len(fitting) > 1:
        raise InvalidModel(f"several outputs could be the {spec.kind}; set card.output.name: {_listed(fitting)}")
    if fitting[0].type.tensor_type.elem_type not in types:
        raise InvalidModel(f"output {_shown(fitting[0])} can't be {spec.kind}, which are {', '.join(types.values())}")
    return fitting[0]


def _with_shapes(model: onnx.ModelProto) -> onnx.ModelProto:
    if all(_dims(value) is not None for value in model.graph.output):
        return model
    return onnx.shape_inference.infer_shapes(model)


def _complete_input(spec: InputSpec, image: onnx.ValueInfoProto, grid: tuple[int, int]) -> InputSpec:
    dims = _dims(image) or ()
    layout = spec.layout or ("NHWC" if dims[3] == 3 and dims[1] != 3 else "NCHW")
    channel, height, width = (3, 1, 2) if layout == "NHWC" else (1, 2, 3)
    if dims[channel] not in (3, None):
        raise InvalidModel(
            f"input {_shown(image)} must have 3 channels on axis {channel} in layout {layout}; check card.input.layout"
        )
    wanted = spec.size or grid
    size = (dims[height] or wanted[0], dims[width] or wanted[1])
    if spec.size and size != spec.size:
        raise InvalidModel(f"card.input.size is {list(spec.size)}, input {_shown(image)} is fixed at {list(size)}")
    completed = replace(spec, name=image.name, layout=layout, size=size)
    if image.type.tensor_type.elem_type != TensorProto.UINT8:
        zero, one = (0.0, 0.0, 0.0), (1.0, 1.0, 1.0)
        return replace(completed, scale=spec.scale or 1 / 255, mean=spec.mean or zero, std=spec.std or one)
    if (spec.scale, spec.mean, spec.std) != (None, None, None):
        raise InvalidModel(f"input {_shown(image)} takes pixels as they are: remove scale, mean and std from the card")
    return completed


def _complete_output(card: ModelCard, answer: onnx.ValueInfoProto, shape: tuple[int, ...]) -> OutputSpec:
    spec = replace(card.output, name=answer.name)
    if 0 in shape:
        raise InvalidModel(
            f"output {answer.name!r} is empty ({list(shape)}): set card.input.size to what the network was trained at"
        )
    if spec.kind == "labels":
        if len(shape) == 4 and 1 not in (shape[1], shape[3]):
            raise InvalidModel(
                f"labels must be (N,H,W), (N,1,H,W) or (N,H,W,1); output {answer.name!r} is {list(shape)}"
            )
        return spec
    if len(shape) != 4:
        raise InvalidModel(f"{spec.kind} must be 4-D; output {answer.name!r} is {list(shape)}")
    count = len(card.classes)
    layout = spec.layout or ("NHWC" if shape[3] == count and shape[1] != count else "NCHW")
    channels = shape[3] if layout == "NHWC" else shape[1]
    if channels != count:
        raise InvalidModel(
            f"the network has {channels} classes (output {answer.name!r} is {list(shape)}, {layout}), "
            f"the card lists {count}: list every class in the network's order, and map to void what you don't want"
        )
    return replace(spec, layout=layout)


def _try_batches(
    model: onnx.ModelProto, spec: InputSpec, image: onnx.ValueInfoProto, output: str
) -> tuple[bool, Array]:
    """Whether a batch of two answers as two single images do, and the answer to one image."""
    pictures = _pictures(spec, image.type.tensor_type.elem_type)
    try:
        network = Network(any_batch(model, image.name).SerializeToString())
        singles = [network.run([output], {image.name: picture[None]})[0] for picture in pictures]
        (both,) = network.run([output], {image.name: pictures})
    except InvalidModel:
        network = Network(model.SerializeToString())
        fixed = np.repeat(pictures[:1], (_dims(image) or (1,))[0] or 1, axis=0)
        return False, network.run([output], {image.name: fixed})[0][:1]
    return _alike(np.concatenate(singles), both), singles[0]


def _pictures(spec: InputSpec, kind: int) -> Array:
    """Two smooth, different pictures in the network's layout and type: (2, ...)."""
    height, width = spec.size or (1, 1)
    rows, columns = np.linspace(0, 1, height)[:, None], np.linspace(0, 1, width)[None, :]
    waves = [np.sin(3 + 7 * rows * (1 + part) + 5 * columns * (part - 1)) for part in np.linspace(0.2, 2.5, 6)]
    pictures = np.stack(waves).reshape(2, 3, height, width)
    pictures = pictures if kind != TensorProto.UINT8 else 127.5 + 127 * pictures
    turned = pictures if spec.layout == "NCHW" else pictures.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(turned.astype(helper.tensor_dtype_to_np_dtype(kind)))


def _alike(expected: Array, actual: Array) -> bool:
    """Equal labels on 99 % of the pixels, or numbers within a thousandth of their range."""
    if expected.shape != actual.shape:
        return False
    if expected.size == 0:
        return True  # refused later, by its shape
    if not np.issubdtype(expected.dtype, np.floating):
        return bool(np.mean(expected == actual) >= 0.99)
    if not (np.isfinite(expected).all() and np.isfinite(actual).all()):
        return False
    difference = np.abs(expected.astype(np.float64) - actual)
    spread = float(expected.max()) - float(expected.min()) or 1.0
    return bool(np.quantile(difference, 0.99) <= 1e-3 * spread)


def _refuse_fixed_batch(dims: Dims | None, name: str) -> None:
    batch = (dims or (None,))[0]
    if batch not in (None, 1):
        raise InvalidModel(f"input {name!r} has a batch of {batch} baked in: export the network with batch 1 or any")
