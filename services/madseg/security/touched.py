"""What a call touched: ids out of its request and its answer, by a short list of fields, and nothing else of them."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from madseg.core.messages import MODEL_NAME

IDS = frozenset(
    {
        "image_id",
        "image_ids",
        "replacement_image_id",
        "candidate_set_id",
        "campaign_id",
        "campaign_ids",
        "assignment_id",
        "assignment_ids",
        "task_id",
        "run_id",
        "round_id",
    }
)
NUMBERS = frozenset({"version", "versions", "revision", "number"})
MODEL = "model"

NAMED_BY = {
    "SetRoleRequest": MODEL,
    "ServeVersionsRequest": MODEL,
    "RollbackVersionRequest": MODEL,
    "RegisterImportedModelRequest": MODEL,
    "Model": MODEL,
    "Run": "run_id",
    "Round": "round_id",
    "Campaign": "campaign_id",
    "CandidateSet": "candidate_set_id",
    "MaskTask": "task_id",
    "Assignment": "assignment_id",
}
"""What the field `id` or `name` of a message is."""

MOST = 20
"""Ids of one field that are told; of the others, how many there are."""

_ID = re.compile(r"[0-9a-f-]{1,64}")
"""As ids are, and names of models: no token fits, nor a sentence."""


def touched(message: Any) -> dict[str, object]:
    """Of a request or an answer, and of the one thing that it is about. What has not the form of an id is left out."""
    found: dict[str, object] = {}
    for descriptor, value in message.ListFields():
        own = NAMED_BY.get(message.DESCRIPTOR.name, "") if descriptor.name in {"id", "name"} else descriptor.name
        if descriptor.message_type is None:
            found |= told(own, value)
        elif hasattr(value, "DESCRIPTOR") and value.DESCRIPTOR.name in NAMED_BY:
            found |= {name: kept for name, kept in touched(value).items() if name == NAMED_BY[value.DESCRIPTOR.name]}
    return found


def told(name: str, value: object) -> dict[str, object]:
    """A field as the audit log has it; nothing where it is none of the list."""
    if name in NUMBERS:
        return {name: list(value) if isinstance(value, Iterable) else value}
    form = MODEL_NAME if name == MODEL else _ID if name in IDS else None
    if form is None:
        return {}
    if isinstance(value, str):
        return {name: value} if form.fullmatch(value) else {}
    items = [item for item in value if form.fullmatch(item)]  # type: ignore[attr-defined]
    more = {f"more_{name}": len(items) - MOST} if len(items) > MOST else {}
    return {name: items[:MOST], **more}


def of_path(parameters: Mapping[str, object]) -> dict[str, object]:
    """What a path of HTTP names."""
    found: dict[str, object] = {}
    for name, value in parameters.items():
        if name not in NUMBERS:
            found |= told("candidate_set_id" if name == "set_id" else name, str(value))
    return found
