"""Running a network in ONNX Runtime on the CPU, which is where cards are verified: the same bits on every machine."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from madseg.core.errors import InvalidModel

Array = npt.NDArray[Any]

SILENT = 4
"""ONNX Runtime's log level "fatal": what fails here is reported as an InvalidModel, not on standard error."""


class Network:
    """A loaded network.

    Raises:
        InvalidModel: ONNX Runtime can't load it; the message has its reason.
    """

    def __init__(self, content: bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.log_severity_level = SILENT
        try:
            self._session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # ONNX Runtime's errors have no common base but Exception
            raise InvalidModel(f"ONNX Runtime can't load the network: {_reason(error)}") from error

    @property
    def inputs(self) -> dict[str, tuple[str, list[Any]]]:
        """Name -> (type such as `tensor(uint8)`, shape with a string or None for what is open)."""
        return {item.name: (item.type, item.shape) for item in self._session.get_inputs()}

    @property
    def outputs(self) -> dict[str, tuple[str, list[Any]]]:
        """As `inputs`."""
        return {item.name: (item.type, item.shape) for item in self._session.get_outputs()}

    def run(self, outputs: Sequence[str], feed: dict[str, Array]) -> list[Array]:
        """The named outputs.

        Raises:
            InvalidModel: the run fails; the message has the shapes fed and ONNX Runtime's reason.
        """
        try:
            return [np.asarray(value) for value in self._session.run(list(outputs), feed)]
        except Exception as error:  # as above
            shapes = ", ".join(f"{name} {list(value.shape)}" for name, value in feed.items())
            raise InvalidModel(f"the network fails on {shapes}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
