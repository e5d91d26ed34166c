"""That what a container is told is what its program takes: names, values and places."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.main import get_command

from madseg import project, up
from madseg.adapters.inference.triton_options import parse_options
from madseg.adapters.streams.kafka_url import parse
from madseg.cli import app
from madseg.process import Observing
from madseg.project import taxonomy_document
from madseg.settings import load, reference
from madseg.simulation.taxonomy import TAXONOMY
from tests.deploy.kubernetes.rendered import KUBERNETES, VARIANTS, Object, named, pods, rendered

variants = pytest.mark.parametrize("variant", VARIANTS)

SERVER = {"FORWARDED_ALLOW_IPS"}
"""What the web server takes of its own, which only the gateway has."""

WRITER = ("MADSEG_REPOSITORY", "madseg.predictor.models")
"""The one who writes the repository."""

NEIGHBOURS = {
    "MADSEG_INTAKE": "gateway:7001",
    "MADSEG_MODELS": "models:7002",
    "MADSEG_SELECTOR": "selector:7003",
    "MADSEG_LABELLING": "labelling:7004",
    "MADSEG_FINETUNE": "finetune:7005",
    "MADSEG_ROUNDS": "rounds:7006",
}


def ours(objects: tuple[Object, ...]) -> list[tuple[str, Object, Object]]:
    """Our own programs: the workload's name, its pod and its container; not training, which takes no settings."""
    return [
        (item["metadata"]["name"], pod, pod["containers"][0])
        for item, pod in pods(objects)
        if item["metadata"]["labels"].get("madseg/program") == "service" and item["metadata"]["name"] != "training"
    ]


def environment(objects: tuple[Object, ...], container: Object) -> dict[str, str]:
    """The variables of a container."""
    maps = named(objects, "ConfigMap")
    found = {
        key: value
        for source in container.get("envFrom", [])
        for key, value in maps[source["configMapRef"]["name"]]["data"].items()
    }
    own = {item["name"]: item["value"] for item in container.get("env", [])}
    assert not found.keys() & own.keys()
    return found | own


def configs(container: Object) -> list[type]:
    """The settings that a container's program takes."""
    if container["args"][0] == "madseg":
        assert container["args"][1] in get_command(app).commands  # type: ignore[attr-defined]
        return [up.Config, *up.SERVICES]
    assert container["args"][:2] == ["python", "-m"]
    module = container["args"][2]
    spec = find_spec(module)
    assert spec is not None
    main = f"{module}.__main__" if spec.submodule_search_locations else module
    return [import_module(main).Config, Observing]


@variants
def test_every_variable_is_a_setting_of_its_program(variant: str) -> None:
    """Which would refuse any other; a value that it can't read, too."""
    objects = rendered(variant)
    for _, _, container in ours(objects):
        given = environment(objects, container)
        known = {name for name, _, _ in reference(*configs(container))}
        known |= SERVER if container["args"][-1] == "madseg.gateway" else set()
        assert {name.removesuffix("_FILE") for name in given} <= known
        values = {name: value for name, value in given.items() if not name.endswith("_FILE")}
        load(configs(container)[0], values, known=tuple(configs(container)[1:]))


@variants
def test_every_file_lies_in_a_volume(variant: str) -> None:
    """Secrets, tokens, the repository, the taxonomy; what a service writes lies where it may."""
    objects = rendered(variant)
    for _, _, container in ours(objects):
        mounts = {mount["mountPath"]: mount.get("readOnly", False) for mount in container["volumeMounts"]}
        for name, value in environment(objects, container).items():
            if value.startswith("/srv/"):
                place = next((path for path in mounts if Path(value).is_relative_to(path)), None)
                assert place is not None, (name, value)
                own = name == "MADSEG_RUNS" or (name, container["args"][-1]) == WRITER
                assert mounts[place] == (not own)


@variants
def test_addresses_are_those_of_services(variant: str) -> None:
    """Its own to listen on, at the port that its Service has; the others' by the names of theirs."""
    objects = rendered(variant)
    services = named(objects, "Service")
    for name, _, container in ours(objects):
        opened = {port["containerPort"] for port in container.get("ports", [])}
        given = environment(objects, container)
        listening = {int(value.rpartition(":")[2]) for value in given.values() if value.startswith("0.0.0.0:")}
        assert opened == listening
        called = listening - {int(given.get("MADSEG_METRICS", ":0").rpartition(":")[2])}
        for variable, address in NEIGHBOURS.items():
            if given.get(variable) and not given[variable].startswith("0.0.0.0:"):
                assert given[variable] == address
                assert address.partition(":")[0] in services
        assert bool(called) == (name in services)


@variants
def test_everybody_is_of_one_project(variant: str) -> None:
    """Each setting that several have is the same for all of them."""
    objects = rendered(variant)
    found: dict[str, set[str]] = {}
    for _, _, container in ours(objects):
        for name, value in environment(objects, container).items():
            if name not in NEIGHBOURS and name != "MADSEG_GROUPS":
                found.setdefault(name, set()).add(value)
    assert all(len(values) == 1 for values in found.values()), found
    groups = [environment(objects, container).get("MADSEG_GROUPS") for _, _, container in ours(objects)]
    assert sorted(filter(None, groups)) == ["live", "replay"]


@variants
def test_everybody_has_what_they_share(variant: str) -> None:
    """Whoever takes a setting of the project is told it: a default would be another project's."""
    objects = rendered(variant)
    shared = {"MADSEG_STREAM", "MADSEG_PREFIX", "MADSEG_TAXONOMY", "MADSEG_GRID", "MADSEG_PARTITIONS", "MADSEG_BLOBS"}
    shared |= {"MADSEG_DATABASE_FILE", "MADSEG_TOKENS", "MADSEG_AUDIT"}
    for _, _, container in ours(objects):
        if container["args"][0] == "python":
            taken = {name for name, _, _ in reference(*configs(container))}
            wanted = {name for name in shared if name.removesuffix("_FILE") in taken}
            assert wanted <= environment(objects, container).keys()


@variants
def test_the_urls_are_read(variant: str) -> None:
    """By those who open them, and name Services where these are of the same rendering."""
    objects = rendered(variant)
    data = {key: value for item in named(objects, "ConfigMap").values() for key, value in item["data"].items()}
    brokers = parse(data["MADSEG_STREAM"]).brokers
    if "kafka" in named(objects, "Service"):
        assert brokers == ("kafka:9092",)
    if data.get("MADSEG_INFERENCE"):
        assert parse_options(data["MADSEG_INFERENCE"]).address == "triton:8001"


def test_the_generated_world_is_the_one_of_the_networks() -> None:
    """Its taxonomy, to the letter."""
    path = KUBERNETES / "components" / "generated-world" / "taxonomy.json"
    assert project.taxonomy(str(path)).id == TAXONOMY.id
    assert taxonomy_document(project.taxonomy(str(path))) == taxonomy_document(TAXONOMY)
