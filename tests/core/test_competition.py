"""Who competes, and who can be asked."""

from madseg.core.competition import Competition, ContestRef
from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef
from madseg.core.preprocess import Size

GRID = Size(6, 8)
TARGET, OTHER = VersionRef("target", 1), VersionRef("other", 2)


def folded(*events: ModelEvent) -> Competition:
    """What the events come to."""
    competition = Competition()
    for event in events:
        competition = competition.apply(event)
    return competition


def version(ref: VersionRef, taxonomy: str = "tiny@1", grid: Size = GRID, sha256: bytes = b"1") -> VersionPublished:
    """A published version."""
    return VersionPublished(ref, ("ground", "tree"), taxonomy, grid, False, sha256)


def plays(ref: VersionRef, role: Role = Role.COMPETITOR) -> RoleChanged:
    """The model serves just this version."""
    return RoleChanged(ref.model, role, (ref.version,))


def test_those_are_asked_that_take_part_and_have_a_network_for_the_project() -> None:
    """Imported versions have none; those of another taxonomy or grid don't fit; the retired take no part."""
    aside = {
        "imported": version(VersionRef("imported", 1), sha256=b""),
        "stranger": version(VersionRef("stranger", 1), taxonomy="voc@1"),
        "turned": version(VersionRef("turned", 1), grid=Size(8, 6)),
    }
    retired = version(VersionRef("retired", 1))
    found = folded(
        *(version(TARGET), plays(TARGET, Role.TARGET), version(OTHER), plays(OTHER)),
        *(event for item in aside.values() for event in (item, plays(item.ref))),
        *(retired, plays(retired.ref, Role.RETIRED), plays(VersionRef("unpublished", 1))),
    )
    assert found.asked("tiny@1", GRID) == (OTHER, TARGET)
    assert {ref.model for ref in found.serving()} == {"target", "other", *aside}


def test_contests_are_between_the_two_roles_and_of_one_taxonomy() -> None:
    """Whoever was imported competes too."""
    stranger, imported = VersionRef("stranger", 1), VersionRef("imported", 1)
    found = folded(
        *(version(TARGET), plays(TARGET, Role.TARGET), version(OTHER), plays(OTHER)),
        *(version(stranger, taxonomy="voc@1"), plays(stranger), version(imported, sha256=b""), plays(imported)),
    )
    assert found.contests("tiny@1") == (ContestRef(TARGET, imported), ContestRef(TARGET, OTHER))
