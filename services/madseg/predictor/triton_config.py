"""`config.pbtxt`: how Triton serves a model, in protobuf's text form.

NVIDIA's ONNX Runtime backend reads all of it. The local one of `deploy/local`, which has no GPU, passes over what is
for GPUs.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from madseg.core.errors import InvalidInput
from madseg.predictor.record import ModelRecord

PRECISIONS = ("", "FP32", "FP16")
"""Of TensorRT; empty: without it."""

ENGINES = "/tmp/madseg-tensorrt"
"""In Triton's container: engines that TensorRT took minutes to build."""


@dataclass(frozen=True)
class Serving:
    """What is tuned per deployment and not per network.

    Args:
        max_batch: images per batch for networks that allow batches; 8 at 513x513 take well under 1 GB on a GPU.
        queue_delay_us: how long a request waits for company, in microseconds.
        instances: copies of the network per device.
        threads: of ONNX Runtime within one network on the CPU; 0: as many as there are cores.
        gpu_memory_bytes: the most a network may take on a GPU, 0: no limit. A limit also makes ONNX Runtime give
            memory back after each run, which is only valid where every instance is on a GPU.
        tensorrt: precision that TensorRT computes in, of PRECISIONS. FP16 changes labels where classes are close.

    Raises:
        InvalidInput: a value that can't be.
    """

    max_batch: int = 8
    queue_delay_us: int = 2000
    instances: int = 1
    threads: int = 0
    gpu_memory_bytes: int = 0
    tensorrt: str = ""

    def __post_init__(self) -> None:
        if min(self.max_batch, self.instances) < 1 or min(self.queue_delay_us, self.threads, self.gpu_memory_bytes) < 0:
            raise InvalidInput(f"batch and instances must be at least 1, the rest of Triton's at least 0, got {self}")
        if self.tensorrt not in PRECISIONS:
            raise InvalidInput(f"TensorRT's precision must be FP32, FP16 or empty, got {self.tensorrt!r}")


def config_pbtxt(name: str, record: ModelRecord, serving: Serving, trying: Iterable[int] = ()) -> str:
    """The configuration of `name`, which serves the record's versions and those that are being tried.

    Instances have no KIND: a GPU where there is one, else the CPU.
    """
    batched = all(version.batch == "dynamic" for version in record.versions)
    height, width = record.newest.grid
    first = "" if batched else "1, "
    image = f"dims: [ {first}{height}, {width}, 3 ]"
    lines = [
        f'name: "{name}"',
        'backend: "onnxruntime"',
        f"max_batch_size: {serving.max_batch if batched else 0}",
        f'input [{{ name: "image" data_type: TYPE_UINT8 {image} }}]',
        "output [",
        f'  {{ name: "labels" data_type: TYPE_UINT8 dims: [ {first}{height}, {width} ] }}',
    ]
    if all(version.has_entropy for version in record.versions):
        lines[-1] += ","
        # Without the batch dimension an entropy has none: Triton wants one, reshaped away.
        shape = "dims: [ 1 ] reshape { shape: [ ] }" if batched else "dims: [ 1 ]"
        lines.append(f'  {{ name: "entropy" data_type: TYPE_FP32 {shape} }}')
    lines.append("]")
    if batched:
        lines.append(f"dynamic_batching {{ max_queue_delay_microseconds: {serving.queue_delay_us} }}")
    lines.append(f"instance_group [{{ count: {serving.instances} }}]")
    versions = ", ".join(map(str, sorted({*record.serving, *trying})))
    lines.append(f"version_policy {{ specific {{ versions: [ {versions} ] }} }}")
    # A version is ready once it has answered: the first run of a network takes many times as long as the others.
    lines.append('model_warmup [{ name: "blank" batch_size: 1')
    lines.append(f'  inputs {{ key: "image" value {{ data_type: TYPE_UINT8 {image} zero_data: true }} }} }}]')
    return "\n".join([*lines, *_accelerators(serving), *_parameters(serving), ""])


def _accelerators(serving: Serving) -> list[str]:
    """ONNX Runtime's arena on a GPU only ever grows, and doubles each time, unless it is told otherwise."""
    cuda = {"cudnn_conv_use_max_workspace": "0", "arena_extend_strategy": "1"}
    if serving.gpu_memory_bytes:
        cuda["gpu_mem_limit"] = str(serving.gpu_memory_bytes)
    tensorrt = {
        "precision_mode": serving.tensorrt,
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": ENGINES,
    }
    named = {"tensorrt": tensorrt, "cuda": cuda} if serving.tensorrt else {"cuda": cuda}
    return [
        "optimization { execution_accelerators { gpu_execution_accelerator [",
        ",\n".join(_accelerator(name, values) for name, values in named.items()),
        "] } }",
    ]


def _accelerator(name: str, values: dict[str, str]) -> str:
    lines = [f'    parameters {{ key: "{key}" value: "{value}" }}' for key, value in values.items()]
    return "\n".join([f'  {{ name: "{name}"', *lines, "  }"])


def _parameters(serving: Serving) -> list[str]:
    values = {"intra_op_thread_count": str(serving.threads)}
    if serving.gpu_memory_bytes:
        values["memory.enable_memory_arena_shrinkage"] = "gpu:0"
    return [f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}' for key, value in values.items()]
