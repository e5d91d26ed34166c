"""Triton's backend `onnxruntime` in Python: serves `model.onnx` on the CPU as NVIDIA's C++ backend of that name does.

Triton runs it in processes of its own, in the environment that `triton.py` makes; nothing else imports it.
config.pbtxt has to say everything: nothing is completed from the network.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import triton_python_backend_utils as triton

if int(np.__version__.split(".")[0]) >= 2:
    # Triton 24.10 hands over wrong bytes under NumPy 2, and says nothing.
    raise RuntimeError(f"NumPy {np.__version__} corrupts tensors here: this backend wants NumPy 1.26")

TYPES = {
    "tensor(bool)": "TYPE_BOOL",
    "tensor(uint8)": "TYPE_UINT8",
    "tensor(int8)": "TYPE_INT8",
    "tensor(int32)": "TYPE_INT32",
    "tensor(int64)": "TYPE_INT64",
    "tensor(float16)": "TYPE_FP16",
    "tensor(float)": "TYPE_FP32",
    "tensor(double)": "TYPE_FP64",
}
"""ONNX Runtime's names of types -> Triton's."""


class TritonPythonModel:
    """One instance of one version; Triton makes it, feeds it and lets it go."""

    def initialize(self, args: dict[str, str]) -> None:
        """Loads the network and compares it with its config.pbtxt.

        Raises:
            TritonModelException: they differ, and the model isn't loaded.
        """
        config = json.loads(args["model_config"])
        given = {name: item["string_value"] for name, item in config.get("parameters", {}).items()}
        file = config.get("default_model_filename") or "model.onnx"
        path = Path(args["model_repository"]) / args["model_version"] / file
        self._session = onnxruntime.InferenceSession(path, _options(given), providers=["CPUExecutionProvider"])
        self._batched = int(config.get("max_batch_size", 0)) > 0
        self._inputs = [item["name"] for item in config["input"]]
        if sorted(self._inputs) != sorted(item.name for item in self._session.get_inputs()):
            names = ", ".join(item.name for item in self._session.get_inputs())
            raise triton.TritonModelException(f"config.pbtxt has inputs {', '.join(self._inputs)}, the network {names}")
        declared = {item.name: item for item in (*self._session.get_inputs(), *self._session.get_outputs())}
        for item in (*config["input"], *config["output"]):
            self._compare(item, declared)

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answers requests of equal shapes; as one batch where the network takes batches."""
        fed = [[triton.get_input_tensor_by_name(each, name).as_numpy() for name in self._inputs] for each in requests]
        if not self._batched:
            return [self._run([request], [feed])[0] for request, feed in zip(requests, fed, strict=True)]
        return self._run(requests, fed)

    def finalize(self) -> None:
        """Frees the network."""
        del self._session

    def _run(self, requests: Sequence[Any], fed: Sequence[Sequence[Any]]) -> list[Any]:
        wanted = sorted({name for request in requests for name in request.requested_output_names()})
        columns = [parts[0] if len(parts) == 1 else np.concatenate(parts) for parts in zip(*fed, strict=True)]
        try:
            values = self._session.run(wanted, dict(zip(self._inputs, columns, strict=True)))
        except Exception as error:  # noqa: BLE001 (ONNX Runtime's have no base of their own; the instance lives on)
            failed = triton.TritonError(f"onnx runtime error: {error}")
            return [triton.InferenceResponse(output_tensors=[], error=failed) for _ in requests]
        named = dict(zip(wanted, values, strict=True))
        ends = np.cumsum([len(feed[0]) for feed in fed])
        responses = []
        for request, end, feed in zip(requests, ends, fed, strict=True):
            rows = slice(end - len(feed[0]), end) if len(fed) > 1 else slice(None)
            tensors = [triton.Tensor(name, named[name][rows]) for name in request.requested_output_names()]
            responses.append(triton.InferenceResponse(output_tensors=tensors))
        return responses

    def _compare(self, item: dict[str, Any], declared: dict[str, Any]) -> None:
        if item["name"] not in declared:
            raise triton.TritonModelException(f"config.pbtxt has {item['name']!r}, the network {sorted(declared)}")
        found = declared[item["name"]]
        dims = item["reshape"].get("shape", []) if "reshape" in item else item["dims"]
        wanted = [-1] * self._batched + [int(dim) for dim in dims]
        shape = [dim if isinstance(dim, int) else -1 for dim in found.shape]
        fits = len(shape) == len(wanted) and all(-1 in pair or len(set(pair)) == 1 for pair in zip(shape, wanted))  # noqa: B905
        if TYPES.get(found.type) != item["data_type"] or not fits:
            raise triton.TritonModelException(
                f"{item['name']!r} is {found.type} {shape} in the network, {item['data_type']} {wanted} in config.pbtxt"
            )


def _options(given: dict[str, str]) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(given.get("intra_op_thread_count", 0))
    options.inter_op_num_threads = int(given.get("inter_op_thread_count", 0))
    # Several processes share few cores: a pool that spins takes the others' time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options
