"""The compose file: its schema, and that what it says in one place agrees with the others and with the code."""

import json
import re
import shutil
import stat
import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml
from typer.main import get_command

from deploy.local.kafka import VERSION as KAFKA
from deploy.local.s3 import VERSION as VERSITYGW
from madseg import __version__, up
from madseg.adapters.inference.triton_options import parse_options
from madseg.adapters.streams.kafka_url import parse as parse_kafka
from madseg.cli import app
from madseg.process import Observing
from madseg.settings import reference

DEPLOY = Path(__file__).parents[2] / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"].startswith("madseg/")}

PORTS = {"kafka": 9092, "triton": 8001, "postgres": 5432, "s3": 7070, "prometheus": 9090}
"""Where the servers of others listen."""

NEIGHBOURS = {f"MADSEG_{name}" for name in ("INTAKE", "LABELLING", "MODELS", "SELECTOR", "FINETUNE", "ROUNDS")}
"""Settings that name another service's address."""

ENDING = {"access", "access-gateway", "access-labelling", "access-finetune", "access-rounds", "migrate"}
"""Those of ours that do something once."""

FIGURES = 9464
"""Where Prometheus asks our services, which is nobody else's business."""

LISTENING = re.compile(r"0\.0\.0\.0:(\d+)")


def settings_of(service: dict[str, Any]) -> list[str]:
    """The variables that a service's command takes."""
    command = service["command"]
    if command[0] == "madseg":
        return [name for name, _, _ in reference(up.Config, *up.SERVICES)]
    module = command[2]
    return [name for name, _, _ in reference(import_module(main_of(module)).Config, Observing)]


def main_of(module: str) -> str:
    """The module that `python -m` runs."""
    spec = find_spec(module)
    assert spec is not None, module
    return f"{module}.__main__" if spec.submodule_search_locations else module


def listens_at(service: dict[str, Any]) -> dict[str, int]:
    """By variable, the ports that one of our services opens."""
    found = {name: LISTENING.fullmatch(str(value)) for name, value in service["environment"].items()}
    return {name: int(match.group(1)) for name, match in found.items() if match}


@pytest.mark.parametrize("file", ["compose.yaml", "compose.gpu.yaml"])
def test_the_schema_holds(file: str) -> None:
    """The published one of compose files."""
    check = Path(sys.executable).with_name("check-jsonschema")
    command = [str(check), "--builtin-schema", "vendor.compose-spec", str(DEPLOY / file)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_variable_is_a_setting_of_its_service(name: str) -> None:
    """A service refuses to start with one that isn't."""
    variables = {variable for variable in OURS[name]["environment"] if variable.startswith("MADSEG_")}
    assert {variable.removesuffix("_FILE") for variable in variables} <= set(settings_of(OURS[name]))


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_command_is_there(name: str) -> None:
    """In the package, and in the health checks."""
    words = get_command(app).commands  # type: ignore[attr-defined]
    for command in (OURS[name]["command"], OURS[name].get("healthcheck", {}).get("test", ["CMD", "madseg", "up"])[1:]):
        if command[0] == "madseg":
            assert command[1] in words
        else:
            assert command[:2] == ["python", "-m"]
            assert find_spec(main_of(command[2])) is not None


def test_addresses_lead_to_who_listens_there() -> None:
    """Those of our services to each other, those of servers, published ports and health checks."""
    ports = {name: set(listens_at(service).values()) for name, service in OURS.items()}
    for name, service in OURS.items():
        for variable, value in service["environment"].items():
            if variable in NEIGHBOURS and not LISTENING.fullmatch(value):
                host, port = value.split(":")
                assert listens_at(OURS[host])[variable] == int(port)
            for host, port in re.findall(r"(?:[@/])(\w+):(\d+)", str(value)):
                assert PORTS[host] == int(port) or LISTENING.search(value)
        opened = {int(item.split(":")[2]) for item in service.get("ports", [])}
        assert opened == ports[name] - {FIGURES}
        assert all(item.startswith("127.0.0.1:") for item in service.get("ports", []))
        asked = re.findall(r"127\.0\.0\.1:(\d+)", str(service.get("healthcheck", "")))
        assert set(map(int, asked)) <= ports[name]


def test_servers_listen_where_they_are_looked_for() -> None:
    """As far as the file says so itself; the others have the ports of their images."""
    assert f"BROKER://kafka:{PORTS['kafka']}" == SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert f"BROKER://:{PORTS['kafka']}," in SERVICES["kafka"]["environment"]["KAFKA_LISTENERS"]
    assert f"--port :{PORTS['s3']} " in SERVICES["s3"]["command"][0]
    assert f"--kafka.server=kafka:{PORTS['kafka']}" in SERVICES["kafka-exporter"]["command"]


def test_brokers_keep_what_was_committed_for_a_year() -> None:
    """As the one of `make kafka` does: predictors that were away for longer ask about every picture anew."""
    minutes = SERVICES["kafka"]["environment"]["KAFKA_OFFSETS_RETENTION_MINUTES"]
    assert f"\noffsets.retention.minutes={minutes}\n" in (DEPLOY / "local" / "kafka.py").read_text()
    assert minutes == 365 * 24 * 60


def test_the_urls_are_read() -> None:
    """By those who open them, and the bucket is the one that is made."""
    environment = OURS["predictor-live"]["environment"]
    assert parse_kafka(environment["MADSEG_STREAM"]).brokers == ("kafka:9092",)
    assert parse_options(environment["MADSEG_INFERENCE"]).address == "triton:8001"
    bucket = urlsplit(environment["MADSEG_BLOBS"]).netloc
    assert f"mkdir -p /data/files/{bucket} " in SERVICES["s3"]["command"][0]


def test_predictors_share_the_groups_and_all_services_the_project() -> None:
    """Each image and each request is somebody's; taxonomy and grid are one."""
    groups = [service["environment"].get("MADSEG_GROUPS") for service in OURS.values()]
    assert sorted(filter(None, groups)) == ["live", "replay"]
    for name, service in OURS.items():
        if name not in ENDING | {"labelling", "finetune", "rounds"}:
            assert {"MADSEG_STREAM", "MADSEG_TAXONOMY", "MADSEG_GRID"} <= service["environment"].keys()


def test_whoever_is_waited_for_can_be() -> None:
    """A healthy one has a health check; one that has ended ends by itself."""
    for service in SERVICES.values():
        for name, wanted in service.get("depends_on", {}).items():
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]
            else:
                assert wanted["condition"] == "service_completed_successfully"
                assert name in ENDING


def test_images_are_pinned() -> None:
    """To a version each, the same as where the tests run them."""
    images = {name: service["image"].rpartition(":")[2] for name, service in SERVICES.items()}
    assert all(re.match(r"v?\d+\.\d+", tag) for tag in images.values())
    assert (images["kafka"], images["s3"]) == (KAFKA, VERSITYGW)
    assert {images[name] for name in OURS} == {__version__}


def test_nothing_is_writable_that_need_not_be() -> None:
    """Read-only roots, no rights; Kafka's start script alone writes beside its volume."""
    assert [name for name, service in SERVICES.items() if not service.get("read_only")] == ["kafka"]
    assert all(service["cap_drop"] == ["ALL"] for service in OURS.values())
    assert all("no-new-privileges:true" in service["security_opt"] for service in SERVICES.values())
    used = {volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {volume for volume in used if not volume.startswith(".")} == COMPOSE["volumes"].keys()


def test_the_owner_of_the_models_can_write_them() -> None:
    """A new volume is given to whom the image's folder belongs; Triton reads the same one."""
    folders = "--owner 10001 --group 10001 /srv/model_repository /srv/access /srv/runs"
    assert folders in (DEPLOY / "images" / "Dockerfile").read_text()
    assert "models:/srv/model_repository" in OURS["models"]["volumes"]
    assert SERVICES["triton"]["volumes"] == ["models:/models:ro"]
    assert "--model-repository=/models" in SERVICES["triton"]["command"]


def test_tokens_are_read_by_those_who_check_them_and_changed_by_no_other() -> None:
    """All servers do; in one volume, which only those that make tokens may change."""
    path = "/srv/access"
    for name, service in OURS.items():
        mounted = [volume for volume in service.get("volumes", []) if volume.startswith("access:")]
        makes = name.partition("-")[0] == "access"
        assert mounted == ([f"access:{path}"] if makes else [f"access:{path}:ro"] if mounted else [])
        assert bool(mounted) == (service["environment"].get("MADSEG_TOKENS") == f"{path}/tokens.json")
    holding = {name for name, service in OURS.items() if "MADSEG_TOKENS" in service["environment"]}
    assert {"gateway", "models", "selector", "labelling"} <= holding


def test_services_show_tokens_that_are_made_for_them() -> None:
    """Each its own, before it starts."""
    for name in ("gateway", "labelling", "finetune", "rounds"):
        file = OURS[name]["environment"][f"MADSEG_{name.upper()}_TOKEN_FILE"]
        assert OURS[f"access-{name}"]["command"][-2:] == ["--into", file]
        assert OURS[name]["depends_on"][f"access-{name}"] == {"condition": "service_completed_successfully"}


def test_no_secret_is_in_it() -> None:
    """Each is asked for, and made by `make compose`."""
    text = (DEPLOY / "compose.yaml").read_text()
    wanted = set(re.findall(r"\$\{(\w+):\?run make compose\}", text))
    asked = set(re.findall(r"\$\{(\w+)", text))
    example = dict(re.findall(r"^(\w+)=(.*)$", (DEPLOY / ".env.example").read_text(), re.MULTILINE))
    assert {name for name, value in example.items() if not value} == wanted
    assert example.keys() == asked
    for service in SERVICES.values():
        for name, value in service.get("environment", {}).items():
            assert not re.search("PASSWORD|SECRET|ACCESS_KEY", name) or re.fullmatch(
                r"\$\{\w+:\?run make compose\}", value
            )


def test_passwords_are_made_once(tmp_path: Path) -> None:
    """Each of its own, for their owner alone, and never over those that are in use."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(DEPLOY.parent / "Makefile", tmp_path)
    shutil.copy(DEPLOY / ".env.example", tmp_path / "deploy")
    made = tmp_path / "deploy" / ".env"

    def make() -> str:
        subprocess.run(["make", "--silent", "deploy/.env"], cwd=tmp_path, check=True)
        return made.read_text()

    values = dict(re.findall(r"^(\w+)=(.*)$", make(), re.MULTILINE))
    secrets = [value for name, value in values.items() if not name.startswith("MADSEG_")]
    assert all(re.fullmatch("[0-9a-f]{32}", secret) for secret in secrets)
    assert (len(set(secrets)), values["MADSEG_GRID"]) == (4, "513x513")
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    before = made.read_text()
    (tmp_path / "deploy" / ".env.example").touch()
    assert make() == before


def test_the_figures_come_from_services_that_are_there() -> None:
    """Prometheus asks services, Grafana asks Prometheus, and what they mount is in the checkout."""
    prometheus = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yaml").read_text())
    jobs = {job.pop("job_name"): job for job in prometheus["scrape_configs"]}
    (ours,) = jobs.pop("madseg")["dns_sd_configs"]
    targets = [target for job in jobs.values() for item in job["static_configs"] for target in item["targets"]]
    assert {target.split(":")[0] for target in targets} - {"127.0.0.1"} <= SERVICES.keys()
    shown = {name for name, service in OURS.items() if FIGURES in listens_at(service).values()}
    assert (set(ours["names"]), ours["port"]) == (shown, FIGURES)
    assert OURS.keys() - shown == ENDING
    (source,) = yaml.safe_load((DEPLOY / "grafana" / "datasources.yaml").read_text())["datasources"]
    assert source["url"] == f"http://prometheus:{PORTS['prometheus']}"
    for board in (DEPLOY / "grafana" / "dashboards").glob("*.json"):
        asked = [target for panel in json.loads(board.read_text())["panels"] for target in panel["targets"]]
        assert {target["datasource"]["uid"] for target in asked} == {source["uid"]}
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            assert not volume.startswith(".") or (DEPLOY / volume.split(":")[0]).exists()
