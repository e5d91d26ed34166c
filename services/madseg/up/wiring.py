"""The services put together: what they stand on, their parts, and how they ask each other."""

from collections.abc import Mapping
from pathlib import Path

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.inference import open_inference
from madseg.adapters.launchers import open_launcher
from madseg.adapters.streams import open_stream
from madseg.client.tls import Tls
from madseg.finetune import __main__ as finetune
from madseg.finetune.neighbours import Remote as AroundFinetune
from madseg.gateway import __main__ as gateway
from madseg.gateway.forget import together
from madseg.gateway.neighbours import expiry_at, labelling_at, models_at, selector_at
from madseg.labelling import __main__ as labelling
from madseg.labelling.neighbours import Remote as AroundLabelling
from madseg.predictor import __main__ as predictor
from madseg.predictor import models
from madseg.process import observers
from madseg.rounds import __main__ as rounds
from madseg.rounds.neighbours import Remote as AroundRounds
from madseg.runtime import Part
from madseg.security.entrance import open_access
from madseg.selector import __main__ as selector
from madseg.up.configuring import Settings, configured
from madseg.up.neighbourhood import Neighbourhood, late
from madseg.up.parts import Announced, Holding
from madseg.up.tokens import Among, make_tokens


def build(state: Path, environment: Mapping[str, str], **given: object) -> list[Part]:
    """The parts of all services over one state directory, in the order to start them.

    `given` are settings by field name (`taxonomy`, `grid`, `repository`, ...) that win over the environment; None
    leaves a setting to it.
    """
    settings = configured(state, environment, given)
    insecure, tokens = settings.labelling.insecure, settings.labelling.tokens
    if not insecure:
        make_tokens(state, Path(tokens))
    access = Among(open_access(settings.labelling, settings.addresses))
    parts: list[Part] = []
    around = Neighbourhood(parts, access, Tls.given(*settings.gateway.calling))
    parts += _services(settings, access, around)
    return [*parts, Announced(state, parts, insecure=insecure, tls=settings.gateway)]


def _services(settings: Settings, access: Among, around: Neighbourhood) -> list[Part]:
    """Each behind those that it asks, whose ports are known then; the pages ask all of them."""
    stream, blobs = open_stream(settings.predictor.stream), open_blobs(settings.predictor.blobs)
    images = open_database(settings.gateway.database, "gateway", settings.gateway.prefix)
    rankings = open_database(settings.selector.database, "selector", settings.selector.prefix)
    judged = open_database(settings.labelling.database, "labelling", settings.labelling.prefix)
    tuned = open_database(settings.finetune.database, "finetune", settings.finetune.prefix)
    carried = open_database(settings.rounds.database, "rounds", settings.rounds.prefix)
    where = settings.predictor.inference or f"onnxruntime:{settings.predictor.repository}"
    inference = open_inference(where, settings.predictor.threads, settings.predictor.answer_seconds)
    launcher = open_launcher(settings.finetune.launcher, Path(settings.finetune.runs))
    versions = predictor.versions(settings.predictor, inference)

    asked_by_labelling = AroundLabelling(
        lambda: around.address("selector"), lambda: around.address("intake"), access.token("labelling"), around.tls
    )
    first: list[Part] = [
        *models.build(settings.models, stream, inference, access, versions.wait_for),
        *predictor.build(settings.predictor, stream, blobs, inference, versions),
        *selector.build(settings.selector, stream, rankings, access),
        *labelling.build(settings.labelling, judged, asked_by_labelling, access),
    ]
    own = access.token("gateway"), around.tls
    *taking, web, pages = gateway.build(
        settings.gateway,
        stream,
        images,
        blobs,
        is_imported=late(lambda: models_at(around.address("models"), *own)),
        forget_elsewhere=together(
            late(lambda: labelling_at(around.address("labelling"), *own)),
            late(lambda: selector_at(around.address("selector"), *own)),
        ),
        expire_in_selector=late(lambda: expiry_at(around.address("selector"), *own)),
        connect=lambda timeout: around.client("gateway", timeout),
        access=access,
    )
    asked_by_finetune = AroundFinetune(lambda: around.client("finetune", finetune.CALL_SECONDS))
    asked_by_rounds = AroundRounds(lambda: around.client("rounds", rounds.CALL_SECONDS))
    return [
        *observers("up", settings.observing),
        Holding(stream, blobs, images, rankings, judged, tuned, carried, inference),
        *first,
        *taking,
        *finetune.build(settings.finetune, tuned, asked_by_finetune, access, launcher),
        *rounds.build(settings.rounds, carried, asked_by_rounds, access),
        web,
        pages,
    ]
