"""What the predictor and the Models service show to Prometheus, asked at a scrape: versions and models by state."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from madseg.core.messages import Role, VersionRef
from madseg.observing.readings import Figure, Reading
from madseg.predictor.announce import Model

VERSIONS = Figure(
    "madseg_predictor_versions", "Versions that a predictor goes by: asked, or broken (it can't answer)", ("state",)
)
MODELS = Figure("madseg_models", "Models by their role", ("role",))
SERVING = Figure("madseg_model_versions_serving", "Versions that serve, over all models")

FIGURES = (VERSIONS, MODELS, SERVING)


def of_predictor(asked: Mapping[VersionRef, str | None]) -> Iterator[Reading]:
    """From the versions asked, each with why it can't answer."""
    broken = sum(why is not None for why in asked.values())
    yield VERSIONS.at(len(asked) - broken, "asked")
    yield VERSIONS.at(broken, "broken")


def of_models(models: Callable[[], Sequence[Model]]) -> Iterator[Reading]:
    """From the catalogue."""
    found = models()
    roles = Counter(model.role for model in found)
    yield from (MODELS.at(roles[role], role.value) for role in Role)
    yield SERVING.at(sum(len(model.serving) for model in found if model.role is not Role.RETIRED))
