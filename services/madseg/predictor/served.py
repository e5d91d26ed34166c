"""What a served file says of itself: the interface from its graph, the rest from the metadata that `wrap` wrote."""

import hashlib
import json
from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from madseg.core.errors import InvalidModel
from madseg.predictor.card import ModelCard, parse_card

UNWRAPPED = "is not in the served form: give the network and its card to `madseg model add`"


@dataclass(frozen=True)
class ServedForm:
    """The facts of one served file.

    `taxonomy` is `Taxonomy.id`; `classes` are the taxonomy's in label order, `covers` those that the network knows.
    `grid` is (height, width) in pixels; `sha256` is of the file, `source_sha256` of the network it was made from.
    """

    card: ModelCard
    taxonomy: str
    classes: tuple[str, ...]
    covers: tuple[str, ...]
    grid: tuple[int, int]
    dynamic: bool
    has_entropy: bool
    sha256: str
    source_sha256: str


def read_served(content: bytes) -> ServedForm:
    """The facts of a served file's bytes.

    Raises:
        InvalidModel: not ONNX, or not what `wrap` makes.
    """
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise InvalidModel(f"the file is not ONNX: {error}") from error
    said = {item.key: item.value for item in model.metadata_props}
    try:
        height, width = json.loads(said["madseg.grid"])
        form = ServedForm(
            card=parse_card(json.loads(said["madseg.card"])),
            taxonomy=said["madseg.taxonomy"],
            classes=tuple(json.loads(said["madseg.classes"])),
            covers=tuple(json.loads(said["madseg.covers"])),
            grid=(height, width),
            dynamic=_is_dynamic(model, (height, width)),
            has_entropy=any(item.name == "entropy" for item in model.graph.output),
            sha256=hashlib.sha256(content).hexdigest(),
            source_sha256=said["madseg.source_sha256"],
        )
    except (KeyError, ValueError, TypeError) as error:
        raise InvalidModel(f"the file {UNWRAPPED} ({error})") from error
    return form


def _is_dynamic(model: onnx.ModelProto, grid: tuple[int, int]) -> bool:
    """Whether the batch is open, once input and output are found to be the served ones."""
    values = {item.name: item.type.tensor_type for item in (*model.graph.input, *model.graph.output)}
    wanted = {"image": [*grid, 3], "labels": [*grid]}
    for name, rest in wanted.items():
        dims = values[name].shape.dim
        if values[name].elem_type != TensorProto.UINT8 or [dim.dim_value for dim in dims[1:]] != rest:
            raise InvalidModel(f"the file {UNWRAPPED} ({name} is not uint8 [N, {', '.join(map(str, rest))}])")
    return not values["image"].shape.dim[0].HasField("dim_value")
