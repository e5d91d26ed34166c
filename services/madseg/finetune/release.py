"""A run's version given to Models, as the next one beside the old (Wang et al. 2022, Algorithm 1, line 21).

The run's id is the release's idempotency key, which Models keeps with the version: however often a release is cut off
and made again, and whatever others release in between, a run has one version.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from madseg.core.errors import Conflict, InvalidInput
from madseg.finetune.neighbours import Neighbours
from madseg.finetune.runs import Run

MARK = "; fine-tuned by run "
"""Begins what the card's `source` says of the last run; what stood there of the one before it is in the parent's."""


def release(run: Run, neighbours: Neighbours, folder: Path) -> int:
    """The number of the version that a run's network is released as; the one it was, where it was released before.

    Raises:
        InvalidInput: Models refuses it; the message says why.
        Conflict: the network isn't there any more.
        Unavailable: Models doesn't answer; it may be released all the same.
    """
    network, card = folder / "bare.onnx", folder / "card.json"
    for file in (network, card):
        if not file.exists():
            raise Conflict(f"the network of run {run.id} isn't there any more: {file} is missing")
    text = card_of(run, card.read_text(encoding="utf-8"))
    return neighbours.release(network, text, key=run.id, parent=run.plan.target.version)


def card_of(run: Run, card: str) -> str:
    """The card for the new version: the old one's, with what the run says of itself in `source`.

    Raises:
        InvalidInput: the old one can't be read.
    """
    content = _card(card)
    origin = str(content.get("source", "")).partition(MARK)[0]
    content["source"] = f"{origin}{MARK}{run.id}{_told(run)}"
    return str(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=10_000))


def _told(run: Run) -> str:
    """Parents, recipe, seed, data, code, and the figures on T0-report."""
    result: Mapping[str, Any] = run.result or {}
    figures = result.get("t0_report", {})
    before, after = (figures.get(when, {}).get("value") for when in ("before", "after"))
    parts = [
        f" from {run.plan.target} (sha256 {result.get('parent_sha256', '')})",
        f"recipe {run.plan.recipe}",
        f"seed {run.plan.seed}",
        f"data sha256 {result.get('data_sha256', '')}",
        f"code {result.get('code', '')}",
    ]
    if before is not None and after is not None:
        parts.append(f"mIoU on T0-report {before:.4f} before, {after:.4f} after")
    if run.promoted_by and result and not result.get("passed"):
        parts.append(f"released by {run.promoted_by} although the gate refused it")
    return ", ".join(parts)


def _card(text: str) -> dict[str, Any]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InvalidInput(f"the card of the old version is no YAML: {error}") from error
    if not isinstance(content, dict):
        raise InvalidInput("the old version has no card")
    return content
