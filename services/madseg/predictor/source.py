"""A stranger's ONNX file, read with its external data and brought to an opset that the server can read."""

import hashlib
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import onnx
from google.protobuf.message import DecodeError
from onnx import external_data_helper, version_converter

from madseg.core.errors import InvalidModel
from madseg.predictor.structure import check_structure, check_tensors, subgraphs

OLDEST_OPSET = 13
"""The graph pieces of `wrap` mean the same from opset 13 on; older networks are converted."""

CONVERTED_OPSET = 17
"""What networks older than `OLDEST_OPSET` are converted to: the oldest that PyTorch's exporter still defaults to."""

NEWEST_OPSET = 21
"""What the ONNX Runtime in Triton 24.10 reads."""

MAX_BYTES = 2**31 - 1
"""A protobuf message can't be longer, and the served form is one file."""


@dataclass(frozen=True)
class Source:
    """A network as its owner gave it, external data embedded; `sha256` is over the file and its external data."""

    model: onnx.ModelProto
    sha256: str


def load_source(path: Path) -> Source:
    """Read and check an ONNX file.

    Raises:
        InvalidModel: not there, not ONNX, external data outside the file's folder or missing, over 2 GB, or made of
            what `structure` doesn't take.
    """
    try:
        size = _size(path)
        content = path.read_bytes()
    except OSError as error:
        raise InvalidModel(f"{path} can't be read: {error.strerror}") from error
    try:
        model = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise InvalidModel(f"{path.name} is not an ONNX file: {error}") from error
    if not model.graph.node:
        raise InvalidModel(f"{path.name} is not an ONNX network: its graph has no node")
    check_structure(model)
    digest = hashlib.sha256(content)
    parts = _embed(model, path, size)
    check_tensors(tensors_of(model))
    for part in parts:
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    return Source(model, digest.hexdigest())


def _size(path: Path) -> int:
    """Bytes of a file, which isn't read yet. Raises OSError, and InvalidModel where it is empty, too large or none."""
    found = path.stat()
    if not stat.S_ISREG(found.st_mode):
        raise InvalidModel(f"{path.name} is not a file")
    if not found.st_size:
        raise InvalidModel(f"{path.name} is empty")
    if found.st_size > MAX_BYTES:
        raise InvalidModel(f"{path.name} has {found.st_size} bytes; one served file holds less than 2 GB")
    return found.st_size


def readable_by_server(model: onnx.ModelProto) -> onnx.ModelProto:
    """The network at an opset in 13..21: itself where it is there already, converted upward where it is older.

    Raises:
        InvalidModel: the opset is above 21, missing, or the conversion fails.
    """
    opset = opset_of(model)
    if opset > NEWEST_OPSET:
        raise InvalidModel(
            f"opset {opset} is newer than {NEWEST_OPSET}, the newest that Triton 24.10's ONNX Runtime reads: "
            f"export the network again with opset_version={CONVERTED_OPSET}..{NEWEST_OPSET}"
        )
    if opset >= OLDEST_OPSET:
        return model
    try:
        return version_converter.convert_version(model, CONVERTED_OPSET)
    except Exception as error:  # the converter raises whatever its C++ side throws
        raise InvalidModel(
            f"opset {opset} is older than {OLDEST_OPSET} and can't be converted to {CONVERTED_OPSET} "
            f"({_first_line(error)}): export the network again with opset_version={CONVERTED_OPSET}"
        ) from error


def opset_of(model: onnx.ModelProto) -> int:
    """The version of the standard operator set that the network uses.

    Raises:
        InvalidModel: the model names none.
    """
    for item in model.opset_import:
        if item.domain in ("", "ai.onnx"):
            return int(item.version)
    raise InvalidModel("the model doesn't say which version of the standard ONNX operators it uses")


def _embed(model: onnx.ModelProto, path: Path, size: int) -> list[Path]:
    """Load external tensors into the model; returns the files they came from, each once, by name."""
    folder = path.parent.resolve()
    external = [tensor for tensor in tensors_of(model) if external_data_helper.uses_external_data(tensor)]
    parts: set[Path] = set()
    for tensor in external:
        info = external_data_helper.ExternalDataInfo(tensor)
        part = _inside(folder, info.location, tensor.name)
        parts.add(part)
        size += int(info.length or part.stat().st_size)
    if size > MAX_BYTES:
        raise InvalidModel(f"{path.name} has {size} bytes with its external data; one served file holds less than 2 GB")
    try:
        for tensor in external:
            external_data_helper.load_external_data_for_tensor(tensor, str(folder))
            tensor.data_location = onnx.TensorProto.DEFAULT
            del tensor.external_data[:]
    except Exception as error:  # onnx raises ValueError, OSError and its checker's own
        raise InvalidModel(f"{path.name}: external data can't be read: {_first_line(error)}") from error
    return sorted(parts)


def _inside(folder: Path, location: str, tensor: str) -> Path:
    """The file at `location`, if it lies in `folder` once links are followed."""
    part = (folder / location).resolve()
    if Path(location).is_absolute() or not part.is_relative_to(folder):
        raise InvalidModel(
            f"tensor {tensor!r} keeps its data at {location!r}, outside the model's folder: "
            "put the data beside the model, or save it with everything in one file"
        )
    if not part.is_file():
        raise InvalidModel(f"tensor {tensor!r} keeps its data in {location!r}, which is not there: copy it along")
    return part


def tensors_of(model: onnx.ModelProto) -> Iterator[onnx.TensorProto]:
    """Every tensor stored in the model: initialisers and attributes, in subgraphs and functions too."""
    yield from _tensors_of_graph(model.graph)
    for function in model.functions:
        yield from _tensors_of_nodes(function.node)


def _tensors_of_graph(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    yield from _tensors_of_nodes(graph.node)


def _tensors_of_nodes(nodes: Iterable[onnx.NodeProto]) -> Iterator[onnx.TensorProto]:
    for node in nodes:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors
            for graph in subgraphs(attribute):
                yield from _tensors_of_graph(graph)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0][:300]
