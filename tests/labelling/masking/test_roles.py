"""Who may do what with masks."""

from collections.abc import Callable
from typing import Any

import pytest

from madseg.client import Client, Forbidden, Unauthenticated
from madseg.client.values.masks import DrawnMask
from madseg.security.access import Role
from tests.labelling.fakes import image
from tests.labelling.masking.studio import Studio, mask

Call = Callable[[Client, str], Any]

ANNOTATOR, REVIEWER, OPERATOR = Role.ANNOTATOR, Role.REVIEWER, Role.OPERATOR

CALLS: list[tuple[str, Call, set[Role]]] = [
    ("create", lambda client, _: client.create_mask_tasks(), {OPERATOR}),
    ("add", lambda client, _: client.add_mask_tasks([image(1)], "random_lane"), {OPERATOR}),
    ("list", lambda client, _: list(client.mask_tasks()), {ANNOTATOR, REVIEWER, OPERATOR}),
    ("get", lambda client, task: client.mask_task(task), {ANNOTATOR, REVIEWER, OPERATOR}),
    ("take", lambda client, task: client.take_mask_task(task), {ANNOTATOR}),
    ("start", lambda client, task: client.mask_start(task), {ANNOTATOR}),
    ("save", lambda client, task: client.save_mask(task, mask(), 0), {ANNOTATOR}),
    ("submit", lambda client, task: client.submit_mask(task, 0), {ANNOTATOR}),
    ("return", lambda client, task: client.return_mask_task(task), {ANNOTATOR}),
    ("send back", lambda client, task: client.send_back_image(task, "no"), {ANNOTATOR}),
    ("import", lambda client, _: list(client.import_masks([DrawnMask(image(1), mask())])), {ANNOTATOR}),
    ("review", lambda client, _: client.take_review(), {REVIEWER}),
    ("find", lambda client, task: client.add_finding(task, 1, (0, 0), "extra"), {REVIEWER}),
    ("resolve", lambda client, task: client.update_finding(task, 1, "resolved"), {ANNOTATOR}),
    ("open", lambda client, task: client.update_finding(task, 1, "open"), {REVIEWER}),
    ("accept", lambda client, task: client.update_finding(task, 1, "accepted"), {REVIEWER}),
    ("decide", lambda client, task: client.decide_review(task, 1, "accept"), {REVIEWER}),
    ("post", lambda client, task: client.post_message(task, "hello"), {ANNOTATOR, REVIEWER, OPERATOR}),
    ("revision", lambda client, task: client.mask_revision(task), {ANNOTATOR, REVIEWER, OPERATOR}),
    ("export", lambda client, _: list(client.export_masks()), {ANNOTATOR, REVIEWER, OPERATOR}),
    ("ceiling", lambda client, _: client.human_ceiling(), {REVIEWER, OPERATOR}),
]


def test_roles_are_asked_for(studio: Studio) -> None:
    """Each call by each role alone: the words of a refusal say which it takes."""
    studio.otto.create_mask_tasks(double_share=0)
    task = next(iter(studio.otto.mask_tasks())).id
    for role in (Role.RATER, ANNOTATOR, REVIEWER, OPERATOR):
        client = studio.served.client(f"only {role.value}", role)
        refused = {name for name, call, _ in CALLS if _refused(call, client, task)}
        assert refused == {name for name, _, roles in CALLS if role not in roles}


def test_without_a_token_nothing_is_told(studio: Studio) -> None:
    """Of no method."""
    for _, call, _ in CALLS:
        with pytest.raises(Unauthenticated):
            call(studio.served.client(None), "a" * 32)


def _refused(call: Call, client: Client, task: str) -> bool:
    """Whether it was the role that was refused."""
    try:
        call(client, task)
    except Forbidden as error:
        return "has no role for this" in str(error)
    except Exception:  # noqa: BLE001 (whatever else is wrong, the role was right)
        return False
    return False
