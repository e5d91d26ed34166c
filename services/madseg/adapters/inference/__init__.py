"""Adapters of inference."""

from madseg.adapters.locations import folder, scheme
from madseg.core.errors import InvalidInput
from madseg.ports import Inference


def open_inference(url: str, threads: int = 0) -> Inference:
    """Inference at a URL: `onnxruntime:model_repository` or `onnxruntime:///srv/model_repository`.

    `threads` pictures are worked on at once by this process; 0 takes as many as it has CPUs.

    Raises:
        InvalidInput: a URL of no known kind, negative threads.
    """
    match scheme(url):
        case "onnxruntime":
            from madseg.adapters.inference.onnxruntime import OnnxRuntimeInference

            return OnnxRuntimeInference(folder(url, "onnxruntime"), threads)
        case other:
            raise InvalidInput(f"no inference is known by {other!r}: use onnxruntime:model_repository, got {url!r}")
