"""`config.pbtxt`: how Triton serves a model, in protobuf's text form."""

from dataclasses import dataclass

from madseg.predictor.record import ModelRecord


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
    """

    max_batch: int = 8
    queue_delay_us: int = 2000
    instances: int = 1
    threads: int = 0
    gpu_memory_bytes: int = 0


def config_pbtxt(name: str, record: ModelRecord, serving: Serving) -> str:
    """The configuration of `name`. Instances have no KIND: a GPU where there is one, else the CPU."""
    batched = all(version.batch == "dynamic" for version in record.versions)
    height, width = record.newest.grid
    first = "" if batched else "1, "
    lines = [
        f'name: "{name}"',
        'backend: "onnxruntime"',
        f"max_batch_size: {serving.max_batch if batched else 0}",
        f'input [{{ name: "image" data_type: TYPE_UINT8 dims: [ {first}{height}, {width}, 3 ] }}]',
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
    lines.append(f"version_policy {{ specific {{ versions: [ {', '.join(map(str, record.serving))} ] }} }}")
    return "\n".join([*lines, *_memory(serving), ""])


def _memory(serving: Serving) -> list[str]:
    """ONNX Runtime's arena on a GPU only ever grows, and doubles each time, unless it is told otherwise."""
    lines = [
        "optimization { execution_accelerators { gpu_execution_accelerator [ {",
        '  name: "cuda"',
        '  parameters { key: "cudnn_conv_use_max_workspace" value: "0" }',
        '  parameters { key: "arena_extend_strategy" value: "1" }',
    ]
    if serving.gpu_memory_bytes:
        lines.append(f'  parameters {{ key: "gpu_mem_limit" value: "{serving.gpu_memory_bytes}" }}')
    lines.append("} ] } }")
    lines.append(_parameter("intra_op_thread_count", str(serving.threads)))
    if serving.gpu_memory_bytes:
        lines.append(_parameter("memory.enable_memory_arena_shrinkage", "gpu:0"))
    return lines


def _parameter(key: str, value: str) -> str:
    return f'parameters {{ key: "{key}" value {{ string_value: "{value}" }} }}'
