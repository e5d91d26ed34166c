"""Between the messages of FineTuneService and runs."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

from madseg.core.errors import InvalidInput
from madseg.core.messages import VersionRef
from madseg.finetune import runs
from madseg.finetune.bounds import Bounds
from madseg.finetune.examples import Part
from madseg.finetune.progress import Progress
from madseg.finetune.recipe import recipe
from madseg.finetune.runs import Plan, Run
from madseg.finetune.sources import TorchSource
from madseg.requests import plain_text
from madseg.v1 import finetune_pb2 as pb
from madseg.wire import stamp, version_proto

MAX_PATH, MAX_CAMPAIGNS, MAX_ID = 1000, 1000, 32
"""Characters of a path, campaigns of a run, and characters of an id."""

_STATES = {
    runs.PREPARING: pb.RUN_STATE_PREPARING,
    runs.TRAINING: pb.RUN_STATE_TRAINING,
    runs.PASSED: pb.RUN_STATE_PASSED,
    runs.REFUSED: pb.RUN_STATE_REFUSED,
    runs.CANCELLED: pb.RUN_STATE_CANCELLED,
    runs.RELEASED: pb.RUN_STATE_RELEASED,
}

_SETS = {
    Part.S: pb.EXAMPLE_SET_S,
    Part.S0: pb.EXAMPLE_SET_S0,
    Part.SELECT: pb.EXAMPLE_SET_T0_SELECT,
    Part.REPORT: pb.EXAMPLE_SET_T0_REPORT,
}


def plan(message: pb.RunPlan) -> Plan:
    """The plan of a request; its target may lack name and number, and its campaigns are all where it names none.

    Raises:
        InvalidInput: a value that can't be; the message names it.
    """
    name, changes = message.recipe or "modern", _changes(message.changes)
    recipe(name, changes)
    if not message.t0:
        raise InvalidInput("t0 must be a folder: without it a new version could not be judged", field="t0")
    if len(message.campaign_ids) > MAX_CAMPAIGNS:
        raise InvalidInput(f"at most {MAX_CAMPAIGNS} campaigns make an S", field="campaign_ids")
    return Plan(
        VersionRef(plain_text(message.target.model, "target", 63), message.target.version),
        tuple(dict.fromkeys(plain_text(item, "campaign_ids", MAX_ID) for item in message.campaign_ids)),
        plain_text(message.s0, "s0", MAX_PATH),
        plain_text(message.t0, "t0", MAX_PATH),
        name,
        changes,
        _bounds(message.bounds),
        _seed(message.seed),
        message.promote,
        _network(message) if message.HasField("network") else None,
    )


def state(value: pb.RunState.ValueType) -> str | None:
    """The state of a filter; None for any.

    Raises:
        InvalidInput: no state.
    """
    if value == pb.RUN_STATE_UNSPECIFIED:
        return None
    found = next((name for name, known in _STATES.items() if known == value), None)
    if found is None:
        raise InvalidInput(f"state must be one of {', '.join(_STATES)}, got {value}", field="state")
    return found


def run_proto(run: Run, progress: Progress | None, epochs: Sequence[Progress] = ()) -> pb.Run:
    """The message of a run."""
    result: Mapping[str, Any] = run.result or {}
    made = pb.Run(
        id=run.id,
        plan=_plan_proto(run.plan),
        state=_STATES[run.state],
        created_at=stamp(run.created_at),
        changed_at=stamp(run.changed_at),
        reasons=run.reasons,
        checks=[pb.GateCheck(**check) for check in result.get("checks", ())],
        examples=[pb.ExampleCount(set=value, count=run.examples.get(part, 0)) for part, value in _SETS.items()]
        if run.examples
        else (),
        data_sha256=result.get("data_sha256", ""),
        started_by=run.started_by,
        epochs=map(_progress_proto, epochs),
        # A release that doesn't know the column may have ended the run and left it as it was.
        waits_for=run.waits_for if run.goes_on or run.stopping else "",
    )
    for when, figure in result.get("t0_report", {}).items():
        getattr(made, when).CopyFrom(pb.Figure(**figure))
    if run.released is not None:
        made.released.CopyFrom(version_proto(VersionRef(run.plan.target.model, run.released)))
    if progress is not None:
        made.progress.CopyFrom(_progress_proto(progress))
    return made


def _plan_proto(plan: Plan) -> pb.RunPlan:
    bounds = {item.name: getattr(plan.bounds, item.name) for item in fields(plan.bounds)}
    return pb.RunPlan(
        target=version_proto(plan.target),
        campaign_ids=plan.campaign_ids,
        s0=plan.s0,
        t0=plan.t0,
        recipe=plan.recipe,
        changes={name: json.dumps(value) for name, value in plan.changes.items()},
        bounds=pb.GateBounds(**bounds),
        seed=plan.seed,
        promote=plan.promote,
        network=None if plan.network is None else pb.TorchNetwork(**asdict(plan.network)),
    )


def _progress_proto(found: Progress) -> pb.RunProgress:
    return pb.RunProgress(**{item.name: getattr(found, item.name) for item in fields(found)})


def _network(message: pb.RunPlan) -> TorchSource:
    given = message.network
    names = ("folder", "factory", "weights")
    return TorchSource(*(plain_text(getattr(given, name), f"network.{name}", MAX_PATH) for name in names))


def _changes(message: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for name, text in sorted(message.items()):
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise InvalidInput(f"changes: {name} must be a JSON value, got {text[:100]!r}", field="changes") from error
    return found


def _bounds(message: pb.GateBounds) -> Bounds:
    names = [item.name for item in fields(Bounds)]
    given = {name: getattr(message, name) for name in names if message.HasField(name)}  # type: ignore[arg-type]
    for name, value in given.items():
        high = float("inf") if name in ("megabytes", "slower") else 1.0
        if not 0 <= value <= high:
            raise InvalidInput(f"{name} must be in [0, {high:g}], got {value:g}", field=f"bounds.{name}")
    return Bounds(**given)


def _seed(seed: int) -> int:
    if seed >= 1 << 63:
        raise InvalidInput(f"seed must be below 2 ** 63, got {seed}", field="seed")
    return seed
