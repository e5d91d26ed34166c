"""The served form of a network: everything between the canonical image and the label map inside one graph.

    image    uint8   [N, H, W, 3]  RGB on the canonical grid
    labels   uint8   [N, H, W]     labels of the taxonomy, 255 void
    entropy  float32 [N]           nats; only where the network gives logits or probabilities

N is open where the network allows it (found by running it) and 1 where it doesn't. So one server runs every network
alike, and 263 KB of labels leave it for each image in place of 22 MB of logits.
"""

import hashlib
import json

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper

from madseg import __version__
from madseg.core.errors import InvalidModel
from madseg.core.taxonomy import Taxonomy
from madseg.predictor.card import ModelCard, plain_card
from madseg.predictor.graph import Pieces, free_prefix, rename_tensors
from madseg.predictor.head import add_head
from madseg.predictor.signature import Signature, any_batch, read_signature
from madseg.predictor.source import readable_by_server
from madseg.predictor.tail import add_entropy, add_labels_of_labels, add_labels_of_planes, add_planes

OUTER_NAMES = ("image", "labels", "entropy")

OLDEST_IR, NEWEST_IR = 8, 10
"""Before 4, initialisers had to be inputs; 10 is the newest that Triton 24.10's ONNX Runtime reads."""


def wrap(
    model: onnx.ModelProto,
    card: ModelCard,
    taxonomy: Taxonomy,
    grid: tuple[int, int],
    *,
    source_sha256: str = "",
) -> onnx.ModelProto:
    """The served form of a network, with its completed card in the metadata.

    Args:
        model: the network, external data embedded (`load_source`); it is left as it is.
        grid: (height, width) of the canonical grid, in pixels.
        source_sha256: of the network's file; default: of `model`'s bytes.

    Raises:
        InvalidModel: the network, the card and the taxonomy don't go together; the message names why.
    """
    table = card.table(taxonomy)
    network = onnx.ModelProto()
    network.CopyFrom(readable_by_server(model))
    signature = read_signature(network, card, grid)
    served = _compose(network, signature, table, grid)
    digest = source_sha256 or hashlib.sha256(model.SerializeToString()).hexdigest()
    _describe(served, signature.card, taxonomy, grid, digest)
    return _checked(served)


def _compose(
    network: onnx.ModelProto, signature: Signature, table: npt.NDArray[np.uint8], grid: tuple[int, int]
) -> onnx.ModelProto:
    """Network and pieces in one model with the served inputs and outputs."""
    spec = signature.card
    served = any_batch(network, spec.input.name or "") if signature.dynamic else network
    del served.graph.value_info[:]
    prefix = free_prefix(served, "madseg/")
    names = {name: f"{prefix}network/{name}" for name in OUTER_NAMES}
    rename_tensors(served.graph, names)
    taken = names.get(spec.input.name or "", spec.input.name or "")
    given = names.get(spec.output.name or "", spec.output.name or "")

    head, tail = Pieces(f"{prefix}head/"), Pieces(f"{prefix}tail/")
    head.rename(add_head(head, signature, "image", grid), taken)
    outputs = [helper.make_tensor_value_info("labels", TensorProto.UINT8, [_batch(signature), *grid])]
    if spec.output.kind == "labels":
        tail.rename(add_labels_of_labels(tail, signature, given, table, grid), "labels")
    else:
        planes = add_planes(tail, signature, given)
        tail.rename(add_labels_of_planes(tail, signature, planes, table, grid), "labels")
        tail.rename(add_entropy(tail, signature, planes), "entropy")
        outputs.append(helper.make_tensor_value_info("entropy", TensorProto.FLOAT, [_batch(signature)]))
    _assemble(served.graph, head, tail, outputs)
    image = helper.make_tensor_value_info("image", TensorProto.UINT8, [_batch(signature), *grid, 3])
    served.graph.input.append(image)
    served.ir_version = min(max(served.ir_version, OLDEST_IR), NEWEST_IR)
    return served


def _batch(signature: Signature) -> str | int:
    return "N" if signature.dynamic else 1


def _assemble(graph: onnx.GraphProto, head: Pieces, tail: Pieces, outputs: list[onnx.ValueInfoProto]) -> None:
    """Put the pieces around the network, in the order of computation, and drop its own inputs and outputs.

    Its other outputs are left unasked: ONNX Runtime then doesn't compute them.
    """
    middle = list(graph.node)
    del graph.node[:]
    graph.node.extend((*head.nodes, *middle, *tail.nodes))
    graph.initializer.extend((*head.initialisers, *tail.initialisers))
    del graph.input[:], graph.output[:]
    graph.output.extend(outputs)


def _describe(served: onnx.ModelProto, card: ModelCard, taxonomy: Taxonomy, grid: tuple[int, int], digest: str) -> None:
    """Write into the file what it was made from; `madseg.predictor.served` reads it back."""
    served.producer_name, served.producer_version = "madseg", __version__
    helper.set_model_props(
        served,
        {
            "madseg.version": __version__,
            "madseg.card": json.dumps(plain_card(card)),
            "madseg.card_sha256": card.digest(),
            "madseg.source_sha256": digest,
            "madseg.taxonomy": taxonomy.id,
            "madseg.classes": json.dumps(taxonomy.names),
            "madseg.covers": json.dumps([taxonomy.names[label] for label in card.covers(taxonomy)]),
            "madseg.grid": json.dumps(list(grid)),
        },
    )


def _checked(served: onnx.ModelProto) -> onnx.ModelProto:
    """The model, if ONNX's checker and shape inference find no contradiction in it.

    Inference isn't strict: exporters leave wrong shapes inside networks that every runtime runs.
    """
    try:
        onnx.checker.check_model(served)
        onnx.shape_inference.infer_shapes(served, check_type=True)
    except Exception as error:  # the checker and the inference raise errors of their own, from C++
        raise InvalidModel(f"the wrapped network is not valid ONNX: {' '.join(str(error).split())[:400]}") from error
    return served
