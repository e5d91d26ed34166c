"""Messages of FineTuneService."""

import json
from dataclasses import asdict, fields

from madseg.client.decode.common import from_version, to_moment, to_version
from madseg.client.decode.fill import fill
from madseg.client.errors import InvalidArgument
from madseg.client.values.finetune import (
    ExampleSet,
    Figure,
    GateBounds,
    GateCheck,
    Run,
    RunPlan,
    RunProgress,
    RunState,
    TorchNetwork,
)
from madseg.v1 import finetune_pb2

_STATES = {
    RunState.PREPARING: finetune_pb2.RUN_STATE_PREPARING,
    RunState.TRAINING: finetune_pb2.RUN_STATE_TRAINING,
    RunState.PASSED: finetune_pb2.RUN_STATE_PASSED,
    RunState.REFUSED: finetune_pb2.RUN_STATE_REFUSED,
    RunState.CANCELLED: finetune_pb2.RUN_STATE_CANCELLED,
    RunState.RELEASED: finetune_pb2.RUN_STATE_RELEASED,
}
_STATE_NAMES = {value: name for name, value in _STATES.items()}

_SETS = {
    finetune_pb2.EXAMPLE_SET_S: ExampleSet.S,
    finetune_pb2.EXAMPLE_SET_S0: ExampleSet.S0,
    finetune_pb2.EXAMPLE_SET_T0_SELECT: ExampleSet.T0_SELECT,
    finetune_pb2.EXAMPLE_SET_T0_REPORT: ExampleSet.T0_REPORT,
}

_BOUNDS = tuple(item.name for item in fields(GateBounds))


def from_state(state: str | RunState | None) -> finetune_pb2.RunState.ValueType:
    """The enum value of a state; None is any.

    Raises:
        InvalidArgument: no state.
    """
    if state is None:
        return finetune_pb2.RUN_STATE_UNSPECIFIED
    try:
        return _STATES[RunState(state)]
    except (ValueError, KeyError):
        raise InvalidArgument(f"state must be one of {', '.join(_STATES)}, got {state!r}", field="state") from None


def from_plan(plan: RunPlan) -> finetune_pb2.RunPlan:
    """The message of a plan.

    Raises:
        InvalidArgument: a value that no message can hold, or a change that JSON can't say.
    """
    try:
        changes = {name: json.dumps(value) for name, value in plan.changes.items()}
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"changes can't be said in JSON: {error}", field="changes") from error
    return fill(
        finetune_pb2.RunPlan,
        target=from_version(plan.target),
        campaign_ids=plan.campaign_ids,
        s0=plan.s0,
        t0=plan.t0,
        recipe=plan.recipe,
        changes=changes,
        bounds=fill(finetune_pb2.GateBounds, **{name: getattr(plan.bounds, name) for name in _BOUNDS}),
        seed=plan.seed,
        promote=plan.promote,
        network=None if plan.network is None else fill(finetune_pb2.TorchNetwork, **asdict(plan.network)),
    )


def to_run(message: finetune_pb2.Run) -> Run:
    """The run of a message."""
    return Run(
        message.id,
        to_plan(message.plan),
        _STATE_NAMES.get(message.state, RunState.UNKNOWN),
        to_moment(message.created_at),
        to_moment(message.changed_at),
        _progress(message.progress) if message.HasField("progress") else None,
        tuple(message.reasons),
        tuple(GateCheck(item.name, item.found, item.allowed, item.passed, item.sentence) for item in message.checks),
        {_SETS.get(item.set, ExampleSet.UNKNOWN): item.count for item in message.examples},
        to_figure(message.before) if message.HasField("before") else None,
        to_figure(message.after) if message.HasField("after") else None,
        to_version(message.released) if message.HasField("released") else None,
        message.data_sha256,
        message.started_by,
        tuple(map(_progress, message.epochs)),
        message.waits_for,
    )


def to_plan(message: finetune_pb2.RunPlan) -> RunPlan:
    """The plan of a message."""
    given = {name: getattr(message.bounds, name) for name in _BOUNDS if message.bounds.HasField(name)}  # type: ignore[arg-type]
    network = message.network
    return RunPlan(
        to_version(message.target),
        tuple(message.campaign_ids),
        message.s0,
        message.t0,
        message.recipe,
        {name: json.loads(message.changes[name]) for name in sorted(message.changes)},
        GateBounds(**given),
        message.seed,
        message.promote,
        TorchNetwork(network.folder, network.factory, network.weights) if message.HasField("network") else None,
    )


def _progress(message: finetune_pb2.RunProgress) -> RunProgress:
    return RunProgress(
        message.rate,
        message.rates,
        message.epoch,
        message.epochs,
        message.step,
        message.steps,
        message.learning_rate,
        message.loss,
        message.selected if message.HasField("selected") else None,
        tuple(message.class_iou),
        message.seconds_left if message.HasField("seconds_left") else None,
    )


def to_figure(message: finetune_pb2.Figure) -> Figure:
    """The figure of a message."""
    return Figure(message.value, message.low, message.high, message.images)
