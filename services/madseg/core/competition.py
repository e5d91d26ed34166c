"""Who competes with whom: the model events folded into versions, roles and contests.

A contest is one target version against one competitor version. Folding is idempotent and, because the topic is
compacted, only the last event per key matters.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from madseg.core.messages import ModelEvent, Role, RoleChanged, VersionPublished, VersionRef
from madseg.core.preprocess import Size


@dataclass(frozen=True, slots=True, order=True)
class ContestRef:
    """One target version against one competitor version."""

    target: VersionRef
    competitor: VersionRef


@dataclass(frozen=True)
class Competition:
    """The versions and roles known so far. A value: `apply` returns a new one."""

    versions: dict[VersionRef, VersionPublished] = field(default_factory=dict)
    roles: dict[str, RoleChanged] = field(default_factory=dict)

    def apply(self, event: ModelEvent) -> "Competition":
        """The competition after one more event."""
        if isinstance(event, VersionPublished):
            return replace(self, versions={**self.versions, event.ref: event})
        return replace(self, roles={**self.roles, event.model: event})

    def serving(self, *roles: Role) -> tuple[VersionRef, ...]:
        """Published versions that take part in one of the roles, ascending; without roles: target and competitor."""
        wanted = roles or (Role.TARGET, Role.COMPETITOR)
        refs = (VersionRef(name, n) for name, role in self.roles.items() if role.role in wanted for n in role.serving)
        return tuple(sorted(ref for ref in refs if ref in self.versions))

    def asked(self, taxonomy_id: str, grid: Size) -> tuple[VersionRef, ...]:
        """Versions that take part and can be asked, ascending: of this taxonomy and grid, and not imported."""
        return tuple(ref for ref in self.serving() if self._can_be_asked(self.versions[ref], taxonomy_id, grid))

    @staticmethod
    def _can_be_asked(version: VersionPublished, taxonomy_id: str, grid: Size) -> bool:
        return bool(version.sha256) and version.taxonomy_id == taxonomy_id and version.grid == grid

    def contests(self, taxonomy_id: str) -> tuple[ContestRef, ...]:
        """Every serving target version against every serving competitor version of the same taxonomy, ascending."""
        return tuple(
            ContestRef(target, competitor)
            for target in self._of_taxonomy(Role.TARGET, taxonomy_id)
            for competitor in self._of_taxonomy(Role.COMPETITOR, taxonomy_id)
        )

    def _of_taxonomy(self, role: Role, taxonomy_id: str) -> Iterable[VersionRef]:
        return [ref for ref in self.serving(role) if self.versions[ref].taxonomy_id == taxonomy_id]
