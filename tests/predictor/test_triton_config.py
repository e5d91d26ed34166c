"""config.pbtxt, read back as Triton reads it: by protobuf."""

from pathlib import Path

import pytest
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2

from madseg.core.errors import InvalidInput
from madseg.predictor.models import Config
from madseg.predictor.repository import ModelRepository
from madseg.predictor.triton_config import Serving, config_pbtxt
from tests.predictor.networks import GRID
from tests.predictor.test_repository import NOW, served


def parsed(folder: Path, serving: Serving, content: bytes, *trying: int) -> "model_config_pb2.ModelConfig":
    """The configuration of a model with one version."""
    repository = ModelRepository(folder, serving)
    repository.add(content, created=NOW)
    text = config_pbtxt("net", repository.record("net"), serving, trying)
    return text_format.Parse(text, model_config_pb2.ModelConfig())


def test_a_network_that_takes_batches(tmp_path: Path) -> None:
    """Batching, one instance wherever there is a device, one blank picture before it is ready."""
    config = parsed(tmp_path, Serving(max_batch=4, queue_delay_us=500, instances=2), served(batch="N"), 7)
    assert (config.backend, config.max_batch_size) == ("onnxruntime", 4)
    assert config.dynamic_batching.max_queue_delay_microseconds == 500
    assert [(group.count, group.kind) for group in config.instance_group] == [(2, 0)]
    assert list(config.version_policy.specific.versions) == [1, 7]
    assert [(item.name, list(item.dims)) for item in config.input] == [("image", [*GRID, 3])]
    labels, entropy = config.output
    assert list(labels.dims) == [*GRID]
    assert (list(entropy.dims), entropy.HasField("reshape"), list(entropy.reshape.shape)) == ([1], True, [])
    (warm_up,) = config.model_warmup
    image = warm_up.inputs["image"]
    assert (warm_up.batch_size, image.zero_data, list(image.dims)) == (1, True, [*GRID, 3])


def test_a_network_with_a_batch_of_one_baked_in(tmp_path: Path) -> None:
    """The batch is one of the dims, and of the warm-up's."""
    config = parsed(tmp_path, Serving(), served(baked_batch=1))
    assert (config.max_batch_size, config.HasField("dynamic_batching")) == (0, False)
    assert list(config.input[0].dims) == [1, *GRID, 3] == list(config.model_warmup[0].inputs["image"].dims)
    assert [list(item.dims) for item in config.output] == [[1, *GRID], [1]]


def test_memory_on_gpus_is_bounded(tmp_path: Path) -> None:
    """ONNX Runtime's arena neither doubles nor keeps what it took."""
    config = parsed(tmp_path, Serving(gpu_memory_bytes=1 << 30, threads=3), served())
    (cuda,) = config.optimization.execution_accelerators.gpu_execution_accelerator
    assert (cuda.name, dict(cuda.parameters)) == (
        "cuda",
        {"cudnn_conv_use_max_workspace": "0", "arena_extend_strategy": "1", "gpu_mem_limit": "1073741824"},
    )
    assert {key: item.string_value for key, item in config.parameters.items()} == {
        "intra_op_thread_count": "3",
        "memory.enable_memory_arena_shrinkage": "gpu:0",
    }


def test_tensorrt_comes_before_cuda(tmp_path: Path) -> None:
    """Which runs what TensorRT can't; engines are kept."""
    config = parsed(tmp_path, Serving(tensorrt="FP16"), served())
    tensorrt, cuda = config.optimization.execution_accelerators.gpu_execution_accelerator
    assert (tensorrt.name, cuda.name) == ("tensorrt", "cuda")
    assert (tensorrt.parameters["precision_mode"], tensorrt.parameters["trt_engine_cache_enable"]) == ("FP16", "1")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"max_batch": 0}, "batch and instances must be at least 1"),
        ({"queue_delay_us": -1}, "the rest of Triton's at least 0"),
        ({"tensorrt": "INT8"}, "TensorRT's precision must be FP32, FP16 or empty, got 'INT8'"),
    ],
)
def test_what_can_t_be_is_refused(changes: dict[str, object], message: str) -> None:
    """Where the service starts."""
    with pytest.raises(InvalidInput, match=message):
        _ = Config(**changes).serving  # type: ignore[arg-type]


def test_the_shipped_models_have_the_configuration_that_is_made_today() -> None:
    """So that a server that reads the folder as it is serves it as madseg would."""
    repository = ModelRepository(Path(__file__).parents[2] / "model_repository")
    for name in repository.names():
        expected = config_pbtxt(name, repository.record(name), Serving())
        assert expected == (repository.root / name / "config.pbtxt").read_text()
