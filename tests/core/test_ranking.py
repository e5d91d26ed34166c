"""Collapsing near-duplicates and cutting M."""

from madseg.core.candidates import cut
from madseg.core.messages import Defender, VersionRef
from madseg.core.ranking import Entry, Nearness, RankingKey, collapse

TARGET = VersionRef("alpha", 1)


def key(competitor: str, label: int = 1, defender: Defender = Defender.TARGET) -> RankingKey:
    return RankingKey(TARGET, VersionRef(competitor, 1), defender, label)


def entry(image_id: str, discrepancy: float, hashed: int | None = None) -> Entry:
    return Entry(image_id, discrepancy, 0.5, hashed)


def test_near_duplicates_stand_behind_the_first_of_their_kind() -> None:
    """Greedily in rank order: c is near b but not near a, so it keeps its own place once b has none."""
    entries = [entry("a", 0.9, 0b0000), entry("b", 0.8, 0b0011), entry("c", 0.7, 0b1111), entry("d", 0.6)]
    places = list(collapse(entries, near=2))
    assert [(place.rank, place.entry.image_id, place.near_duplicates) for place in places] == [
        (1, "a", ["b"]),
        (2, "c", []),
        (3, "d", []),
    ]


def test_a_negative_distance_keeps_everything_apart() -> None:
    """The paper collapses nothing."""
    assert len(list(collapse([entry("a", 0.9, 7), entry("b", 0.8, 7)], near=-1))) == 2


def test_nearness_finds_the_first_taken_among_many() -> None:
    """The hashes grow past their first block, and the earliest match wins."""
    taken = Nearness(near=0)
    for n in range(200):
        taken.take(f"{n}", n)
        taken.take(f"again {n}", n)
    assert taken.find(150) == "150"
    assert taken.find(1 << 63) is None
    assert taken.find(None) is None


def test_m_is_the_union_of_the_tops_without_repeats() -> None:
    """An image in two rankings takes a place in both and stands in M once."""
    rankings = {
        key("beta"): [entry("a", 0.9), entry("b", 0.8), entry("c", 0.7)],
        key("gamma"): [entry("b", 0.85), entry("d", 0.1)],
    }
    found = cut(rankings, per_ranking=2)
    assert [(item.image_id, len(item.placements), item.discrepancy) for item in found] == [
        ("a", 1, 0.9),
        ("b", 2, 0.85),
        ("d", 1, 0.1),
    ]


def test_a_near_duplicate_takes_no_place_in_any_ranking() -> None:
    """Its ranking goes on to the next entry, even where the first of its kind stands in another ranking."""
    rankings = {
        key("beta"): [entry("a", 0.9, 0b0)],
        key("gamma"): [entry("b", 0.8, 0b1), entry("c", 0.7, 0b111111)],
    }
    found = cut(rankings, per_ranking=1, near=2)
    assert [(item.image_id, item.near_duplicates) for item in found] == [("a", ["b"]), ("c", [])]


def test_ties_go_by_image_id() -> None:
    """Two runs agree to the bit."""
    found = cut({key("beta"): [entry("a", 0.5), entry("b", 0.5)]}, per_ranking=1)
    assert [item.image_id for item in found] == ["a"]


def test_rankings_are_read_only_as_far_as_needed() -> None:
    """A full ranking is left alone."""
    read: list[str] = []

    def reading() -> object:
        for n in range(100):
            read.append(str(n))
            yield entry(f"{n:03}", 1 - n / 100)

    cut({key("beta"): reading()}, per_ranking=3)  # type: ignore[dict-item]
    assert len(read) == 3
