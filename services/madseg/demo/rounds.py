"""Rounds of the demo: the services carry them through, and people who are simulated do what is left to people."""

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from madseg.cli.output import margin, remark, several
from madseg.client import Client, ClientError, NotReady, Unavailable
from madseg.client.values.masks import MaskPurpose, MaskTask
from madseg.client.values.rounds import Round, RoundPlan, RoundStep
from madseg.core.label_map import LabelMap, decode
from madseg.demo.labelling import People, seen
from madseg.demo.masking import draw_open, ended
from madseg.demo.scoring import Picture

LOOK_SECONDS = 0.3
"""How often a round is looked at."""

STALL_SECONDS = 600
"""With no step and no progress for this long, something is broken."""

CALL_OFF_SECONDS = 20
"""Longest wait for a training that was told to end."""

_WORDS = {
    RoundStep.MINING: "mining: M is cut from the rankings of {target}",
    RoundStep.SCORING: "scoring: three people grade what {target} made of the {candidates} images of M",
    RoundStep.CHOOSING: "choosing: T is reserved, S is cut from the rest",
    RoundStep.DRAWING: "drawing: masks for S ({counterexamples} images) and T ({test}), checked by others",
    RoundStep.EVALUATING: "evaluating: every version so far is held against T",
    RoundStep.TRAINING: "training: {target} learns from S and S0 in a process of its own, then meets the gate",
    RoundStep.REPLAYING: "replaying: the new version competes over all images",
}


@dataclass
class Simulated:
    """Those who act for the people of a round. `client` may do everything; `truths` are of all images.

    `pictures` gathers, by campaign, what the raters saw.
    """

    client: Client
    people: People
    truths: Mapping[str, LabelMap]
    quiet: bool
    pictures: dict[str, dict[str, Picture]] = field(default_factory=dict)

    def act(self, now: Round) -> None:
        """Does whatever a round waits for people to do."""
        if now.step is RoundStep.SCORING and now.campaign_id:
            campaign = self.client.campaign(now.campaign_id)
            with suppress(NotReady):  # the round closes it as soon as it has what it needs, whoever still asks
                self.people.panel.judge(campaign, self._pictures(now), quiet=self.quiet)
        elif now.step is RoundStep.DRAWING:
            draw_open(self.people.drawers, self.truths, now.counterexamples + now.test, quiet=self.quiet)

    def draw_lane(self, image_ids: Sequence[str]) -> list[MaskTask]:
        """Draws masks of images of the random lane; their tasks as they ended.

        Raises:
            NotReady: some are not accepted.
        """
        self.client.add_mask_tasks(image_ids, MaskPurpose.RANDOM_LANE)
        draw_open(self.people.drawers, self.truths, len(image_ids), quiet=self.quiet)
        return ended(list(self.client.mask_tasks(purpose=MaskPurpose.RANDOM_LANE)))

    def _pictures(self, now: Round) -> dict[str, Picture]:
        if now.campaign_id not in self.pictures:
            predicted = {
                item.image_id: decode(maps[now.target])
                for item in self.client.candidates(now.candidate_set_id)
                for maps in [{found.version: found.label_map for found in self.client.label_maps(item.image_id)}]
            }
            self.pictures[now.campaign_id] = seen(self.truths, predicted)
        return self.pictures[now.campaign_id]


def carry_through(
    client: Client, plan: RoundPlan, act: Callable[[Round], None], clock: Callable[[], str], *, quiet: bool
) -> Round:
    """Begins a round and sees it to its end, `act` being called again and again; the round as it ended.

    `clock` says how late it is, before each line about a step.

    Raises:
        Unavailable: nothing has happened for ten minutes.
    """
    begun = client.start_round(plan)
    told: set[RoundStep] = set()
    moved = (0.0, "")
    with _Bar(quiet=quiet) as bar:
        while True:
            now = client.round(begun.id)
            # A step may be over before anybody looks.
            for step in dict.fromkeys([*(record.step for record in now.steps), now.step]):
                if step not in told and not quiet:
                    _tell(step, now, clock)
                told.add(step)
            if now.outcome is not None:
                return now
            moved = _moved(moved, f"{now.step} {now.done} {now.total} {now.notes}")
            bar.show(now)
            act(now)
            time.sleep(LOOK_SECONDS)


def call_off(client: Client, runs: Path) -> None:
    """Ends the round that goes on, where one does, and waits until its training has ended. `runs` is the folder of the
    services' runs: training lives in a process that outlives them."""
    try:
        found = client.round()
        if found.outcome is None:
            found = client.cancel_round(found.id)
    except ClientError:
        return
    process = runs / f"{found.run_id}.pid"
    ends = time.monotonic() + CALL_OFF_SECONDS
    while found.run_id and _lives(process) and time.monotonic() < ends:
        time.sleep(LOOK_SECONDS)


def _lives(process: Path) -> bool:
    try:
        os.killpg(int(process.read_text()), 0)
    except (OSError, ValueError):
        return False
    return True


def _moved(before: tuple[float, str], state: str) -> tuple[float, str]:
    """When the state became what it is."""
    now = time.monotonic()
    if state != before[1]:
        return now, state
    if now - before[0] > STALL_SECONDS:
        raise Unavailable(f"the round has stood still for {STALL_SECONDS} s: {state}")
    return before


def _tell(step: RoundStep, now: Round, clock: Callable[[], str]) -> None:
    words = _WORDS.get(step)
    if words is None:
        return
    counts = {"candidates": now.candidates, "counterexamples": now.counterexamples, "test": now.test}
    remark(f"{clock()}   {words.format(target=now.target, **counts)}")


class _Bar:
    """How far a step is in which nobody but the machine has to do something; nothing where that is no terminal."""

    _STEPS = (RoundStep.TRAINING, RoundStep.REPLAYING)

    def __init__(self, *, quiet: bool) -> None:
        self._shown = not quiet and margin().is_terminal
        self._open: tuple[RoundStep, Progress] | None = None

    def __enter__(self) -> "_Bar":
        return self

    def __exit__(self, *ended: object) -> None:
        self._close()

    def show(self, now: Round) -> None:
        """Shows a round as it stands."""
        if self._open is not None and self._open[0] is not now.step:
            self._close()
        if now.step not in self._STEPS or not now.total or not self._shown:
            return
        if self._open is None:
            columns = (TextColumn("           {task.description:<10}"), BarColumn(), MofNCompleteColumn())
            progress = Progress(*columns, console=margin(), transient=True)
            progress.add_task(now.step.value)
            progress.start()
            self._open = (now.step, progress)
        self._open[1].update(self._open[1].task_ids[0], completed=now.done, total=now.total)

    def _close(self) -> None:
        if self._open is not None:
            self._open[1].stop()
            self._open = None


def outcome(done: Round) -> str:
    """How a round ended, in a sentence."""
    if done.released is not None:
        return f"{done.released} passed the gate and is released"
    told = f": {'; '.join(done.notes)}" if done.notes else ""
    words = done.outcome.value if done.outcome else "unknown"
    return f"{words}{told} ({several(done.candidates, 'candidate')}, {done.test} images of T)"
