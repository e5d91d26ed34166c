"""What services know beside the images, a file each, asked for by the client's calls."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from madseg.cli.everything.folder import TASKS, Folder
from madseg.cli.everything.label_maps import Drawing
from madseg.cli.output import plain
from madseg.client import Client, NotFound, NotReady, TestKind, Unavailable, Version

PAGE = 1000
"""Records asked for at once: the most that services give."""

RANKINGS = "rankings.ndjson"

T = TypeVar("T")


def write_parts(folder: Folder, client: Client, drawing: Drawing) -> dict[str, str]:
    """Writes every part that isn't there yet.

    Returns:
        The parts whose service this deployment hasn't, and why.
    """
    left_out = {}
    for name, records in _PARTS.items():
        try:
            folder.once(name, partial(records, client))
        except Unavailable as error:
            if error.address is not None or error.answered:
                raise
            left_out[name] = str(error)
    if TASKS not in left_out:
        for task in folder.lines(TASKS):
            _write_history(folder, client, task, drawing)
    for summary in folder.lines(RANKINGS):
        folder.once(str(summary["file"]), partial(_entries, client, summary["key"]))
    return left_out


def _standings(client: Client) -> Iterator[object]:
    for model in _targets(client):
        yield from ({"model": model, **plain(item)} for item in _known(partial(client.standings, model)))


def _policies(client: Client) -> Iterator[object]:
    for model in _targets(client):
        yield from _known(partial(client.round_policy, model))


def _results(client: Client) -> Iterator[object]:
    for model in _targets(client):
        for standings in _known(partial(client.standings, model)):
            for tests in standings.sets:
                if tests.kind is not TestKind.T0_REPORT:  # that one has figures alone
                    about = {"model": model, "kind": tests.kind.value, "round": tests.round}
                    found = client.results(tests.kind, tests.round, model=model, page_size=PAGE)
                    yield from ({**about, **plain(item)} for item in found)


def _targets(client: Client) -> list[str]:
    """Models that rounds were about, and the one that is the target now."""
    now = {model.name for model in client.models() if model.role == "target"}
    return sorted(now | {item.target.model for item in client.rounds()})


def _runs(client: Client) -> Iterator[object]:
    """Each with its epochs, which a list leaves out."""
    for item in client.runs():
        yield client.run(item.id)


def _opinions(client: Client) -> Iterator[object]:
    for campaign in client.campaigns(page_size=PAGE):
        for item in client.opinions(campaign.id, page_size=PAGE):
            yield {"campaign_id": campaign.id, **plain(item)}


def _vetoes(client: Client) -> Iterator[object]:
    for campaign in client.campaigns(page_size=PAGE):
        for item in client.vetoes(campaign.id):
            yield {"campaign_id": campaign.id, **plain(item)}


def _agreement(client: Client) -> Iterator[object]:
    for campaign in client.campaigns(page_size=PAGE):
        yield {"campaign_id": campaign.id, **plain(client.agreement(campaign.id))}


def _chosen(client: Client) -> Iterator[object]:
    for campaign in client.campaigns(page_size=PAGE):
        yield from _known(partial(client.chosen_sets, campaign.id))


def _candidates(client: Client) -> Iterator[object]:
    for cut in client.candidate_sets(page_size=PAGE):
        for item in client.candidates(cut.id, page_size=PAGE):
            yield {"candidate_set_id": cut.id, **plain(item)}


def _rankings(client: Client) -> Iterator[object]:
    """Those of every target version, each with the name of the file that its images stand in."""
    number = 0
    for target in dict.fromkeys(contest.target for contest in client.contests()):
        for found in _known(partial(client.rankings, target=target)):
            for summary in found:
                yield {**plain(summary), "file": f"rankings/{number:05}.ndjson"}
                number += 1


def _entries(client: Client, key: dict[str, str]) -> Iterator[object]:
    target, competitor = Version.of(key["target"]), Version.of(key["competitor"])
    yield from client.ranking(target, competitor, key["defender"], key["class_name"], page_size=PAGE)


def _models(client: Client) -> Iterator[object]:
    for model in client.models():
        yield client.model(model.name)


_PARTS: dict[str, Callable[[Client], Iterator[object]]] = {
    "rounds.ndjson": lambda client: client.rounds(),
    "round_policies.ndjson": _policies,
    "standings.ndjson": _standings,
    "results.ndjson": _results,
    "runs.ndjson": _runs,
    "campaigns.ndjson": lambda client: client.campaigns(page_size=PAGE),
    "opinions.ndjson": _opinions,
    "vetoes.ndjson": _vetoes,
    "agreement.ndjson": _agreement,
    "chosen_sets.ndjson": _chosen,
    TASKS: lambda client: client.mask_tasks(page_size=PAGE),
    "candidate_sets.ndjson": lambda client: client.candidate_sets(page_size=PAGE),
    "candidates.ndjson": _candidates,
    "contests.ndjson": lambda client: iter(client.contests()),
    RANKINGS: _rankings,
    "models.ndjson": _models,
    "selector.ndjson": lambda client: iter([client.selector_status()]),
    "intake.ndjson": lambda client: iter([client.intake_status()]),
}
"""In the order in which they are written: what refers to something comes before that."""


def _write_history(folder: Folder, client: Client, task: dict[str, object], drawing: Drawing) -> None:
    """Every revision of a mask, the label map in a file of its own."""
    about = {"task_id": task["id"], "image_id": task["image_id"]}

    def revisions() -> Iterator[object]:
        for number in range(1, int(str(task["revision"])) + 1):
            for found in _known(partial(client.mask_revision, str(task["id"]), number)):
                name = f"masks/{task['id']}/{number}{drawing.ending}"
                file = folder.keep(name, drawing.drawn(found.label_map))
                record = {"revision": found.revision, "author": found.author, "at": plain(found.at), "file": file}
                yield {**about, **record}

    if task["revision"]:
        folder.once(f"masks/{task['id']}/revisions.ndjson", revisions)


def _known(ask: Callable[[], T]) -> Iterator[T]:
    """What is answered; nothing where there is nothing of that name, or not yet."""
    try:
        yield ask()
    except (NotFound, NotReady):
        return
