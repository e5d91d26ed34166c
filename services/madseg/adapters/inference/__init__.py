"""Adapters of inference."""

from madseg.adapters.locations import folder, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Inference


def open_inference(url: str, threads: int = 0, answer_seconds: float = 30.0) -> Inference:
    """Inference at a URL: `onnxruntime:model_repository`, `onnxruntime:///srv/model_repository`, `triton://host:8001`.

    `threads` pictures are worked on at once by this process; 0 takes as many as it has CPUs. `answer_seconds` is how
    long a server may take over a picture.

    Raises:
        InvalidInput: a URL of no known kind, negative threads.
    """
    match scheme(url):
        case "onnxruntime":
            from madseg.adapters.inference.onnxruntime import OnnxRuntimeInference

            return OnnxRuntimeInference(folder(url, "onnxruntime"), threads)
        case "triton":
            from madseg.adapters.inference.triton import TritonInference
            from madseg.adapters.inference.triton_options import parse_options

            return TritonInference(parse_options(url), answer_seconds)
        case other:
            known = "onnxruntime:model_repository or triton://host:8001"
            raise InvalidInput(f"no inference is known by {other!r}: use {known}, got {url!r}")
