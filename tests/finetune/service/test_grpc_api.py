"""The service and its client, over real gRPC."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from math import inf, nan

import pytest

from madseg.client import (
    AlreadyExists,
    Client,
    ExampleSet,
    Figure,
    Forbidden,
    GateBounds,
    InvalidArgument,
    NotFound,
    NotReady,
    Run,
    RunPlan,
    RunState,
    TorchNetwork,
    Unauthenticated,
    Version,
)
from madseg.requests import token
from tests.contracts.launching import FakeLauncher
from tests.finetune.service.desk import RESULT
from tests.finetune.service.serving import Served, serving
from tests.finetune.service.world import CARD, FIRST, SECOND, World


@pytest.fixture
def launcher() -> FakeLauncher:
    """Training that a test leads."""
    return FakeLauncher()


@pytest.fixture
def served(world: World, launcher: FakeLauncher) -> Iterator[Served]:
    """The service, running."""
    with serving(world, launcher) as running:
        yield running


@pytest.fixture
def otto(served: Served) -> Client:
    """An operator."""
    return served.client("otto")


def plan(world: World, **changed: object) -> RunPlan:
    """A run over the whole world."""
    return RunPlan(s0=str(world.s0), t0=str(world.t0), **changed)  # type: ignore[arg-type]


def until(client: Client, run_id: str, state: RunState) -> Run:
    """The run in this state."""
    end = time.monotonic() + 30
    while (found := client.run(run_id)).state is not state:
        assert time.monotonic() < end, found
        time.sleep(0.02)
    return found


def trained(served: Served, launcher: FakeLauncher, run_id: str, **changed: object) -> None:
    """Training comes to its end."""
    (served.runs / run_id / "bare.onnx").write_bytes(b"network")
    (served.runs / run_id / "card.json").write_text(json.dumps(CARD))
    (served.runs / run_id / "result.json").write_text(json.dumps({**RESULT, **changed}))
    launcher.die(run_id, 0)


def test_a_run_from_its_beginning_to_its_release(
    otto: Client, served: Served, world: World, launcher: FakeLauncher
) -> None:
    """Every field is set where it is known."""
    bounds, changes = GateBounds(drop=0.02), {"epochs": 3, "learning_rates": [1e-4]}
    made = otto.start_run(plan(world, changes=changes, bounds=bounds, seed=7, recipe="paper2021"))
    assert (made.state, made.started_by, made.progress) == (RunState.PREPARING, "otto", None)
    assert made.plan == RunPlan(
        Version("small", 1), (FIRST, SECOND), str(world.s0), str(world.t0), "paper2021", changes,
        GateBounds(0.02, 0.1, 0.1, 2000.0, 1.25), 7,
    )  # fmt: skip
    until(otto, made.id, RunState.TRAINING)
    line = {"rate": 1, "rates": 1, "epoch": 2, "epochs": 3, "step": 5, "steps": 5, "learning_rate": 0.5, "loss": 0.25}
    report = {"at": 5.0, **line, "selected": 0.5, "class_iou": [0.5, None]}
    (served.runs / made.id / "progress.jsonl").write_text(json.dumps(report) + "\n")
    now = otto.run().progress
    assert now is not None
    assert (now.epoch, now.loss, now.selected, now.class_iou, now.seconds_left) == (2, 0.25, 0.5, (0.5, -1.0), None)
    assert now.share == pytest.approx(2 / 3)
    assert [(item.epoch, item.selected, item.class_iou) for item in otto.run().epochs] == [(2, 0.5, ())]
    assert next(otto.runs()).epochs == ()
    trained(served, launcher, made.id)
    passed = until(otto, made.id, RunState.PASSED)
    assert (passed.before, passed.after) == (Figure(0.5, 0.4, 0.6, 5), Figure(0.75, 0.7, 0.8, 5))
    assert [check.name for check in passed.checks] == ["agreement"]
    assert (passed.examples[ExampleSet.S], passed.data_sha256) == (6, "da" * 32)
    otto.promote_run(made.id)
    assert list(otto.watch_run(made.id))[-1].released == Version("small", 2)
    assert otto.run().state is RunState.RELEASED


def test_a_torch_network_is_part_of_the_plan(otto: Client, world: World) -> None:
    """A folder or a factory; factories only of packages that the deployment names."""
    (world.root / "owner").mkdir()
    network = TorchNetwork(folder=str(world.root / "owner"))
    made = otto.start_run(plan(world, network=network))
    assert made.plan.network == network
    assert "has no config.json" in until(otto, made.id, RunState.REFUSED).reasons[0]
    factory = TorchNetwork(factory="tests.finetune.owned:Small", weights="/w.safetensors")
    assert otto.start_run(plan(world, network=factory)).plan.network == factory
    with pytest.raises(Forbidden, match="MADSEG_FACTORIES names the packages"):
        otto.start_run(plan(world, network=TorchNetwork(factory="os:abort", weights="w")))
    with pytest.raises(InvalidArgument, match="must be a Hugging Face folder, or a factory"):
        otto.start_run(plan(world, network=TorchNetwork()))


def test_a_watcher_sees_every_step_until_nothing_more_happens(
    otto: Client, served: Served, world: World, launcher: FakeLauncher
) -> None:
    """It ends by itself."""
    made = otto.start_run(plan(world, promote=True))
    seen: list[Run] = []
    thread = threading.Thread(target=lambda: seen.extend(served.client("ada").watch_run()))
    thread.start()
    until(otto, made.id, RunState.TRAINING)
    time.sleep(0.6)
    trained(served, launcher, made.id)
    thread.join(30)
    assert not thread.is_alive()
    states = [run.state for run in seen]
    assert states[-1] is RunState.RELEASED
    assert RunState.TRAINING in states
    assert states == sorted(states, key=list(RunState).index)


def test_runs_are_listed_and_cancelled(otto: Client, world: World) -> None:
    """In pages, newest first."""
    made = [otto.start_run(plan(world)) for _ in range(5)]
    assert [run.id for run in otto.runs(page_size=2)] == [run.id for run in reversed(made)]
    otto.cancel_run(made[2].id)
    assert [run.id for run in otto.runs(state="cancelled")] == [made[2].id]
    assert otto.run("").id == made[4].id
    for run in made:
        assert otto.cancel_run(run.id).state is RunState.CANCELLED


def test_what_a_run_waits_for_is_told(otto: Client, served: Served, world: World, launcher: FakeLauncher) -> None:
    """And those who watch it hear when it gets on."""
    launcher.away = True
    made = otto.start_run(plan(world))
    watching = served.client("ada").watch_run(made.id)
    assert next(run.waits_for for run in watching if run.waits_for) == "the launcher can't be asked"
    assert otto.run(made.id).waits_for == next(otto.runs()).waits_for == "the launcher can't be asked"
    launcher.away = False
    assert next(run.state for run in watching if not run.waits_for) is RunState.TRAINING
    assert otto.cancel_run(made.id).waits_for == ""


def test_a_plan_is_checked_without_a_run(otto: Client, world: World) -> None:
    """One that can be is answered with nothing, one that can't is refused, and neither begins anything."""
    otto.check_run(plan(world))
    with pytest.raises(InvalidArgument, match="no recipe is called 'best'"):
        otto.check_run(plan(world, recipe="best"))
    assert list(otto.runs()) == []


def test_the_same_key_is_the_same_run(otto: Client, world: World) -> None:
    """Also while other services are away."""
    first = otto.start_run(plan(world), idempotency_key="round 1")
    world.around.away = True
    assert otto.start_run(plan(world), idempotency_key="round 1").id == first.id
    with pytest.raises(AlreadyExists, match=f"made run {first.id}: a new call needs a new key"):
        otto.start_run(plan(world, seed=7), idempotency_key="round 1")


def test_each_call_takes_its_role(served: Served, world: World, launcher: FakeLauncher) -> None:
    """Everybody may look; operators lead; admins may pass the gate by."""
    nobody, ada, otto, root = (served.client(name) for name in (None, "ada", "otto", "root"))
    made = otto.start_run(plan(world))
    acts: list[Callable[[Client], object]] = [
        lambda client: client.start_run(plan(world)),
        lambda client: client.cancel_run(made.id),
        lambda client: client.promote_run(made.id),
    ]
    looks: list[Callable[[Client], object]] = [
        lambda client: client.run(),
        lambda client: list(client.runs()),
        lambda client: next(client.watch_run()),
    ]
    for act in [*acts, *looks]:
        with pytest.raises(Unauthenticated):
            act(nobody)
    for act in acts:
        with pytest.raises(Forbidden):
            act(ada)
    for look in looks:
        look(ada)
    with pytest.raises(Forbidden, match="admin"):
        otto.promote_run(made.id, despite_gate=True)
    until(otto, made.id, RunState.TRAINING)
    trained(served, launcher, made.id, passed=False, reasons=["it fell"])
    assert until(otto, made.id, RunState.REFUSED).reasons == ("it fell",)
    with pytest.raises(NotReady, match=r"the gate refused .* it fell"):
        otto.promote_run(made.id)
    root.promote_run(made.id, despite_gate=True)
    until(otto, made.id, RunState.RELEASED)


@pytest.mark.parametrize(
    ("changed", "error", "sentence"),
    [
        ({"t0": ""}, InvalidArgument, "t0 must be a folder"),
        ({"recipe": "best"}, InvalidArgument, "no recipe is called 'best'"),
        ({"changes": {"epoch": 3}}, InvalidArgument, "a recipe has no setting 'epoch'"),
        ({"changes": {"epochs": 0}}, InvalidArgument, r"epochs must be in 1\.\.10000"),
        ({"changes": {"epochs": inf}}, InvalidArgument, "epochs must be a int, got inf"),
        ({"changes": {"weight_decay": nan}}, InvalidArgument, "weight_decay must be finite"),
        ({"changes": {"batch": {}}}, InvalidArgument, "batch must be a int"),
        ({"bounds": GateBounds(drop=1.5)}, InvalidArgument, r"drop must be in \[0, 1\], got 1.5"),
        ({"bounds": GateBounds(slower=float("nan"))}, InvalidArgument, "slower must be in"),
        ({"target": "other"}, NotFound, "no model 'other'"),
        ({"target": "small/9"}, NotFound, "no version small/9: there are 1"),
        ({"seed": 1 << 63}, InvalidArgument, r"seed must be below 2 \*\* 63"),
        ({"campaign_ids": ("x" * 33,)}, InvalidArgument, "campaign_ids must have at most 32"),
        ({"s0": "x" * 1001}, InvalidArgument, "s0 must have at most 1000"),
    ],
)
def test_a_plan_that_can_not_be_is_refused(
    otto: Client, world: World, changed: dict[str, object], error: type[Exception], sentence: str
) -> None:
    """At once, and nothing is begun."""
    with pytest.raises(error, match=sentence):
        otto.start_run(RunPlan(**{"t0": str(world.t0), **changed}))  # type: ignore[arg-type]
    assert list(otto.runs()) == []


def test_what_lacks_is_said(otto: Client, world: World) -> None:
    """No run, no campaign, no page."""
    unknown: list[Callable[[], object]] = [otto.run, lambda: otto.cancel_run("x"), lambda: next(otto.watch_run("x"))]
    for act in unknown:
        with pytest.raises(NotFound, match="run"):
            act()
    for unnamed in (otto.cancel_run, otto.promote_run):
        with pytest.raises(InvalidArgument, match="run_id must be given"):
            unnamed("")
    for forged in ("x", token(number=1), token(before=10**30), token(before=-(10**30))):
        with pytest.raises(InvalidArgument, match="page_token"):
            otto.run_page(page_token=forged)
    with pytest.raises(InvalidArgument, match="state must be one of"):
        otto.run_page(state="lost")
    world.around.accepted.clear()
    with pytest.raises(NotReady, match="small has no campaign yet"):
        otto.start_run(plan(world))
