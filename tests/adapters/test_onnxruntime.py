"""Tests of networks run by ONNX Runtime: messages, threads, files."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest

from madseg.adapters.inference import open_inference
from madseg.core.errors import InvalidInput, InvalidModel, NotFound
from madseg.core.messages import VersionRef
from madseg.core.preprocess import Size
from madseg.ports import Inference
from tests.contracts.networks import (
    FLOAT_LABELS,
    GARBAGE,
    GRID,
    LARGE_GRID,
    NETWORKS,
    NO_LABELS,
    RED,
    TWO_INPUTS,
    write_repository,
)


@pytest.fixture
def inference(tmp_path: Path) -> Iterator[Inference]:
    """Inference on the test networks."""
    write_repository(tmp_path, NETWORKS)
    opened = open_inference(f"onnxruntime://{tmp_path}", threads=2)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (LARGE_GRID, r"must have 'image' uint8 \[N, 6, 8, 3\], it has 'image' uint8 \[N, 9, 9, 3\]"),
        (FLOAT_LABELS, r"must have 'labels' uint8 \[N, 6, 8\], it has 'labels' float32 \[N, 6, 8\]"),
        (NO_LABELS, "an output 'labels', it has 'classes'"),
        (TWO_INPUTS, "the one input 'image', it has 'image', 'mask'"),
        (GARBAGE, "can't be loaded by ONNX Runtime"),
    ],
    ids=str,
)
def test_a_misfit_is_told_what_differs(inference: Inference, version: VersionRef, message: str) -> None:
    """What is wanted and what is there."""
    with pytest.raises(InvalidModel, match=message):
        inference.load(version, GRID)


def test_a_ready_version_is_checked_against_another_grid_too(inference: Inference) -> None:
    """Being ready for one grid is no pass for another."""
    inference.load(RED, GRID)
    with pytest.raises(InvalidModel, match="9, 9"):
        inference.load(RED, Size(9, 9))
    assert inference.submit(RED, np.zeros((6, 8, 3), np.uint8)).result(30).mean_entropy == 0


def test_a_missing_file_is_named(inference: Inference, tmp_path: Path) -> None:
    """So that one sees where it was looked for."""
    with pytest.raises(NotFound, match=str(tmp_path / "red" / "9" / "model.onnx")):
        inference.load(VersionRef("red", 9), GRID)


def test_a_description_says_what_it_runs_on(inference: Inference) -> None:
    """Runtime, device with the reason, threads."""
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA: install onnxruntime in place of onnxruntime-gpu")
    expected = f"ONNX Runtime {onnxruntime.__version__} on CPU (no CUDA provider), 2 threads"
    assert inference.describe() == expected


def test_there_are_as_many_threads_as_cpus_by_default(tmp_path: Path) -> None:
    """Of the process, not of the machine."""
    opened = open_inference(f"onnxruntime://{tmp_path}")
    count = len(os.sched_getaffinity(0))
    assert opened.describe().endswith(f", {count} thread{'s' if count > 1 else ''}")
    opened.close()


def test_negative_threads_are_refused() -> None:
    """With the value."""
    with pytest.raises(InvalidInput, match="-1"):
        open_inference("onnxruntime:model_repository", threads=-1)
