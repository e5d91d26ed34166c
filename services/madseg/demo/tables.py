"""What the demo prints."""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

from madseg.cli.output import count, table
from madseg.client import CandidateSet, Client, Defender, RankingEntry, RankingKey, Version
from madseg.demo.judging import ClassWorth, Judged

TOP = 3
"""Entries per class."""


def tops(client: Client, ranked: Sequence[str], judged: Mapping[str, Judged], modes: Mapping[str, str]) -> object:
    """Per class the images that the target and any competitor disagree on most."""
    grid = table("class", "id", "discrepancy>", "true mIoU>", "seen by", "competitor", "what it is")
    for name in ranked:
        for place, (key, entry) in enumerate(_best(client, name)):
            item = judged.get(entry.image_id)
            grid.add_row(
                name if place == 0 else "",
                entry.image_id[:8],
                f"{entry.discrepancy:.3f}",
                f"{item.true_miou:.3f}" if item else "",
                key.defender,
                key.competitor.model,
                modes.get(entry.image_id, ""),
            )
    return grid


def _best(client: Client, name: str) -> list[tuple[RankingKey, RankingEntry]]:
    """The first distinct images over all rankings of a class."""
    found: dict[str, tuple[RankingKey, RankingEntry]] = {}
    entries = [
        (line.key, entry)
        for line in client.rankings(class_name=name)
        for entry in client.ranking_page(*_parts(line.key), page_size=TOP).entries
    ]
    for key, entry in sorted(entries, key=lambda item: (-item[1].discrepancy, item[1].image_id)):
        found.setdefault(entry.image_id, (key, entry))
    return list(found.values())[:TOP]


def _parts(key: RankingKey) -> tuple[Version, Version, Defender, str]:
    return key.target, key.competitor, key.defender, key.class_name


def costs(rows: Sequence[ClassWorth]) -> object:
    """Per class, images to look at for the same failures: mined, and at random."""
    grid = table("class", "looked at>", "failures found>", "at random you'd look at>", "times as many>")
    for row in rows:
        random = row.at_random
        grid.add_row(
            row.class_name,
            count(row.mined),
            f"{row.mined_failures}",
            "-" if random is None else count(round(random)),
            "-" if random is None or not row.mined else f"{random / row.mined:.1f}",
        )
    return grid


def kinds(modes: Mapping[str, str], judged: Mapping[str, Judged], chosen: Collection[str]) -> object:
    """Per failure mode of the world: how many images stream and M hold, and how often the target fails on it."""
    grid = table("what it is", "in the stream>", "target fails on>", "in M>", "share of it in M>")
    for mode, number in Counter(modes.values()).most_common():
        of_it = [image_id for image_id, name in modes.items() if name == mode]
        failed = sum(judged[image_id].failed for image_id in of_it)
        mined = sum(image_id in chosen for image_id in of_it)
        grid.add_row(mode, count(number), f"{failed / number:.0%}", count(mined), f"{mined / number:.0%}")
    return grid


def summary(
    candidates: CandidateSet, judged: Mapping[str, Judged], mined: Sequence[Judged], seconds: float
) -> list[str]:
    """The result in sentences."""
    everywhere = sum(item.failed for item in judged.values()) / max(1, len(judged))
    here = sum(item.failed for item in mined) / max(1, len(mined))
    return [
        f"{len(judged):,} images in {seconds:.0f} s ({len(judged) / seconds:.0f} a second).",
        f"M holds {candidates.size:,} images, with {candidates.near_duplicates:,} near-duplicates behind them.",
        f"The target fails on {here:.0%} of M and on {everywhere:.1%} of the stream "
        f"(true mIoU below one half): {here / everywhere if everywhere else 0:.0f} times as often.",
    ]
