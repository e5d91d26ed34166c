"""A stranger's network in a process of its own: the same answer, and nothing that it does reaches further."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper

from madseg.core.errors import InvalidModel, MadsegError
from madseg.predictor.add import add_model, verified
from madseg.predictor.apart.asking import Apart
from madseg.predictor.repository import ModelRepository
from tests.predictor.networks import COLOURS, GRID, card, network, noise

MEMORY = 3 << 30


@pytest.fixture
def apart() -> Iterator[Apart]:
    """With a process that waits."""
    with Apart(MEMORY, 60, keep=True) as found:
        yield found


def saved(folder: Path, model: onnx.ModelProto) -> Path:
    """The file of a model."""
    onnx.save(model, folder / "net.onnx")
    return folder / "net.onnx"


def test_the_answer_is_that_of_this_process(apart: Apart, tmp_path: Path) -> None:
    """Byte for byte, with what was found but for the times; for external data beside the file too."""
    path = tmp_path / "net.onnx"
    onnx.save_model(network(), path, save_as_external_data=True, location="net.data", size_threshold=0)
    for pictures in (None, [noise(1), noise(2)]):
        ours, found = verified(path, card(), COLOURS, GRID, pictures)
        served, report = apart(path, card(), COLOURS, GRID, pictures)
        assert served == ours
        assert {**vars(report), "bare_ms": 0, "served_ms": 0} == {**vars(found), "bare_ms": 0, "served_ms": 0}


def test_a_refusal_is_the_same_sentence(apart: Apart, tmp_path: Path) -> None:
    """With the reason that reading gave."""
    path = saved(tmp_path, network())
    with pytest.raises(InvalidModel, match=r"the network has 4 classes .* the card lists 3"):
        apart(path, card(classes=["dark", "red", "green"]), COLOURS, GRID)


def test_a_network_that_never_ends_is_killed(tmp_path: Path) -> None:
    """A loop over as many rounds as there are."""
    body = helper.make_graph(
        [helper.make_node("Identity", [name], [f"{name}_out"]) for name in ("go", "x")],
        "body",
        [
            helper.make_tensor_value_info("n", TensorProto.INT64, []),
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go_out", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x_out", TensorProto.FLOAT, None),
        ],
    )
    model = network()
    model.graph.node[-1].output[0] = "inside"
    rounds = helper.make_node("Constant", [], ["rounds"], value_int=2**62)
    yes = helper.make_node("Constant", [], ["yes"], value=TensorProto(data_type=9, dims=[], int32_data=[1]))
    loop = helper.make_node("Loop", ["rounds", "yes", "inside"], ["answer"], body=body)
    model.graph.node.extend([rounds, yes, loop])
    with Apart(MEMORY, 3) as apart, pytest.raises(InvalidModel, match="takes longer than 3 s to read and check"):
        apart(saved(tmp_path, model), card(), COLOURS, GRID)


def test_a_network_that_wants_all_the_memory_is_refused(apart: Apart, tmp_path: Path) -> None:
    """It makes a tensor of eighty gigabytes out of a shape of two numbers."""
    model = network()
    model.graph.node[-1].output[0] = "inside"
    model.graph.node.extend(
        [
            helper.make_node("Constant", [], ["shape"], value_ints=[100_000, 200_000]),
            helper.make_node("ConstantOfShape", ["shape"], ["large"]),
            helper.make_node("ReduceMax", ["large"], ["most"], keepdims=0),
            helper.make_node("Add", ["inside", "most"], ["answer"]),
        ]
    )
    with pytest.raises(InvalidModel, match=r"memory|bad_alloc|[Ff]ailed to allocate"):
        apart(saved(tmp_path, model), card(), COLOURS, GRID)


def test_a_file_that_unfolds_is_refused(tmp_path: Path) -> None:
    """Sixty megabytes of empty nodes, two bytes each, would become some gigabytes of objects."""
    inner = b"\x0a\x00" * 30_000_000
    length, number = b"", len(inner)
    while number > 127:
        length, number = length + bytes((number & 127 | 128,)), number >> 7
    (tmp_path / "net.onnx").write_bytes(b"\x08\x08\x3a" + length + bytes((number,)) + inner)
    with Apart(1 << 30, 60) as apart, pytest.raises(InvalidModel, match=r"memory|nodes|is not an ONNX file"):
        apart(tmp_path / "net.onnx", card(), COLOURS, GRID)


def test_damaged_files_never_do_more_than_be_refused(apart: Apart, tmp_path: Path) -> None:
    """Cut off anywhere, bits turned, rubbish: an answer in words each time, and the next network is taken."""
    whole, chance = network().SerializeToString(), random.Random(20261127)
    good = saved(tmp_path, network())
    kinds = [b"", b"\x00", b"\x89PNG\r\n\x1a\n", b"PK\x03\x04" + bytes(200), whole[: len(whole) // 2], whole[:-1]]
    for _ in range(6):
        turned = bytearray(whole)
        for _ in range(8):
            turned[chance.randrange(len(turned))] ^= 1 << chance.randrange(8)
        kinds.append(bytes(turned))
    reasons = []
    for content in kinds:
        (tmp_path / "bad.onnx").write_bytes(content)
        try:
            apart(tmp_path / "bad.onnx", card(), COLOURS, GRID)
        except MadsegError as error:
            reasons.append(str(error))
    assert len(reasons) >= 6
    assert all(reasons)
    assert apart(good, card(), COLOURS, GRID)[1].agreement == 1.0


def confined(code: str) -> str:
    """What a process prints that limits itself and then runs some code."""
    lead = "from madseg.predictor.apart.confine import confine\nconfine(2 << 30, 30)\n"
    found = subprocess.run([sys.executable, "-c", lead + code], capture_output=True, text=True, check=False, timeout=60)
    return found.stdout.strip() or found.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("import socket; socket.socket()", "PermissionError"),
        (
            "import threading, socket; t = threading.Thread(target=socket.socket); t.start(); t.join()",
            "PermissionError",
        ),
        ("import os; os.execv('/bin/true', ['true'])", "PermissionError"),
        ("import subprocess; subprocess.run(['/bin/true'])", "PermissionError"),
        ("import os; os.write(os.open('/tmp/madseg-left-behind', os.O_CREAT | os.O_WRONLY), b'x')", "File too large"),
        ("bytearray(3 << 30)", "MemoryError"),
        ("import numpy; print(numpy.ones(4).sum())", "4.0"),
    ],
)
def test_a_process_that_limited_itself_can_do_little(code: str, said: str, tmp_path: Path) -> None:
    """No connection, also not from a thread, no program, no file, no more memory; it computes."""
    assert said in confined(code.replace("/tmp/madseg-left-behind", str(tmp_path / "left")))


def test_the_process_knows_no_secret(apart: Apart, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is started without the variables that hold them."""
    monkeypatch.setenv("MADSEG_GATEWAY_TOKEN", "secret")
    with Apart(MEMORY, 60) as other:
        assert other._waiting is not None
        environment = Path(f"/proc/{other._waiting.pid}/environ").read_bytes()
    assert b"secret" not in environment
    assert b"PATH=" in environment


def test_nothing_is_left_running(tmp_path: Path) -> None:
    """Neither what was used nor what waited."""
    apart = Apart(MEMORY, 60, keep=True)
    apart.ready()
    first = apart._waiting
    add_model(
        saved(tmp_path, network()),
        card(),
        ModelRepository(tmp_path / "m"),
        COLOURS,
        GRID,
        datetime.now(UTC),
        verify=apart,
    )
    second = apart._waiting
    apart.stop()
    assert first is not None
    assert second is not None
    for process in (first, second):
        with pytest.raises(ProcessLookupError):
            os.kill(process.pid, 0)
