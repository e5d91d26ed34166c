"""What one object says of another: labels, ports, volumes, accounts, what scales and what limits."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from deploy.cluster.credentials import SERVICES, Credentials
from madseg.adapters.streams.kafka_topics import wanted_settings
from madseg.adapters.streams.kafka_url import parse
from madseg.gateway.decode import LIMITS
from madseg.gateway.image_routes import PARTS
from madseg.wire import live_group, replay_group, requests_topic, topics
from tests.deploy.kubernetes.rendered import KUBERNETES, VARIANTS, Object, containers, labels, named, pods, rendered

SECRETS = {
    "database": {"url"},
    "blobs": {"credentials"},
    "access": {"tokens.json"},
    "tls": {"tls.crt", "tls.key", "ca.crt"},
    **{name: {"token"} for name in SERVICES},
    "stream": set(),
    "s3": {"access_key", "secret_key"},
    "postgres": {"password"},
    "madseg-cluster-ca-cert": {"ca.crt"},
    **{f"madseg-{user}": {"user.crt", "user.key"} for user in ("gateway", "models", "predictor", "selector")},
}
"""Secrets that the manifests may refer to, with what is in them; docs/kubernetes.md says who makes which."""

variants = pytest.mark.parametrize("variant", VARIANTS)


def matching(objects: tuple[Object, ...], selector: Object) -> list[Object]:
    """Workloads whose pods a selector chooses; `matchLabels` or a Service's own form."""
    wanted = selector.get("matchLabels", selector)
    return [item for item, _ in pods(objects) if wanted.items() <= labels(item).items()]


def ports(workload: Object) -> dict[str | int, int]:
    """A workload's ports, by name and by number."""
    found: dict[str | int, int] = {}
    for container in containers(workload["spec"]["template"]["spec"]):
        for port in container.get("ports", []):
            found |= {port["name"]: port["containerPort"], port["containerPort"]: port["containerPort"]}
    return found


@variants
def test_a_workload_selects_its_own_pods_alone(variant: str) -> None:
    """By what never changes."""
    objects = rendered(variant)
    for item, _ in pods(objects):
        if item["kind"] != "Job":
            assert matching(objects, item["spec"]["selector"]) == [item]


@variants
def test_services_lead_to_open_ports(variant: str) -> None:
    """Of one workload each."""
    objects = rendered(variant)
    for service in named(objects, "Service").values():
        (workload,) = matching(objects, service["spec"]["selector"])
        for port in service["spec"]["ports"]:
            assert ports(workload)[port["targetPort"]] == port["port"]


@variants
def test_probes_ask_open_ports(variant: str) -> None:
    """And whoever is called by others is asked whether it is ready, but for jobs; gRPC by its own health service."""
    objects = rendered(variant)
    called = {service["spec"]["selector"]["app.kubernetes.io/name"] for service in named(objects, "Service").values()}
    for workload, pod in pods(objects):
        for container in pod["containers"]:
            probes = [container[name] for name in container if name.endswith("Probe")]
            for probe in probes:
                for how in ("grpc", "httpGet", "tcpSocket"):
                    if how in probe:
                        assert probe[how]["port"] in ports(workload)
            if workload["kind"] != "Job" and labels(workload)["app.kubernetes.io/name"] in called:
                assert {"startupProbe", "readinessProbe", "livenessProbe"} <= container.keys()


@variants
def test_volumes_are_there_and_used(variant: str) -> None:
    """Each that is mounted is declared, each declared is mounted, and what it stands for exists."""
    objects = rendered(variant)
    for workload, pod in pods(objects):
        claimed = {claim["metadata"]["name"] for claim in workload["spec"].get("volumeClaimTemplates", [])}
        declared = {volume["name"] for volume in pod.get("volumes", [])} | claimed
        assert {mount["name"] for item in containers(pod) for mount in item.get("volumeMounts", [])} == declared
        for item in containers(pod):
            places = [mount["mountPath"] for mount in item.get("volumeMounts", [])]
            assert len(set(places)) == len(places)
        for volume in pod.get("volumes", []):
            _check_source(objects, volume)


def _check_source(objects: tuple[Object, ...], volume: Object) -> None:
    if "persistentVolumeClaim" in volume:
        assert volume["persistentVolumeClaim"]["claimName"] in named(objects, "PersistentVolumeClaim")
    elif "configMap" in volume:
        assert volume["configMap"]["name"] in named(objects, "ConfigMap")
    elif "secret" in volume:
        wanted = {item["key"] for item in volume["secret"].get("items", [])}
        assert wanted <= SECRETS[volume["secret"]["secretName"]]
    else:
        assert "sizeLimit" in volume["emptyDir"]


@variants
def test_variables_come_from_what_is_there(variant: str) -> None:
    """ConfigMaps of the same rendering, keys of known secrets."""
    objects = rendered(variant)
    for _, pod in pods(objects):
        for container in containers(pod):
            for source in container.get("envFrom", []):
                assert source["configMapRef"]["name"] in named(objects, "ConfigMap")
            for variable in container.get("env", []):
                if (reference := variable.get("valueFrom", {}).get("secretKeyRef")) is not None:
                    assert reference["key"] in SECRETS[reference["name"]]


@variants
def test_accounts_and_priorities_are_there(variant: str) -> None:
    """One account for each workload, which can't reach the API server but where a role says what it may there."""
    objects = rendered(variant)
    accounts = named(objects, "ServiceAccount")
    used = [pod["serviceAccountName"] for _, pod in pods(objects)]
    assert sorted(used) == sorted(accounts)
    assert not any(account["automountServiceAccountToken"] for account in accounts.values())
    for binding in named(objects, "RoleBinding").values():
        assert binding["roleRef"]["name"] in named(objects, "Role")
        assert {subject["name"] for subject in binding["subjects"]} <= accounts.keys()
    for workload, pod in pods(objects):
        assert pod["serviceAccountName"] == labels(workload)["app.kubernetes.io/name"]
        assert pod["priorityClassName"] in named(objects, "PriorityClass")


@variants
def test_budgets_and_scalers_aim_at_workloads(variant: str) -> None:
    """Whoever has several pods has a budget, by which a pod that isn't ready may always go; whoever is scaled says no
    number of its own."""
    objects = rendered(variant)
    budgets = named(objects, "PodDisruptionBudget")
    for name, budget in budgets.items():
        (workload,) = matching(objects, budget["spec"]["selector"])
        assert workload["metadata"]["name"] == name
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"
    scaled = {item["spec"]["scaleTargetRef"]["name"] for item in named(objects, "ScaledObject").values()}
    assert scaled <= named(objects, "Deployment").keys()
    for workload, _ in pods(objects):
        name = workload["metadata"]["name"]
        assert ("replicas" in workload["spec"]) == (workload["kind"] != "Job" and name not in scaled)
        assert workload["spec"].get("replicas", 1) < 2 or name in budgets


@variants
def test_one_pod_writes_the_models(variant: str) -> None:
    """The old one is gone before the new one comes; everybody else reads."""
    objects = rendered(variant)
    for workload, pod in pods(objects):
        name = workload["metadata"]["name"]
        for volume in pod.get("volumes", []):
            if volume.get("persistentVolumeClaim", {}).get("claimName") == "models":
                mounts = [m for item in containers(pod) for m in item["volumeMounts"] if m["name"] == volume["name"]]
                assert name == "models" or all(mount["readOnly"] for mount in mounts)
    models = named(objects, "Deployment")["models"]["spec"]
    assert (models["replicas"], models["strategy"]) == (1, {"type": "Recreate"})


@variants
def test_routes_lead_to_services(variant: str) -> None:
    """By a port that the Service has."""
    objects = rendered(variant)
    services = named(objects, "Service")
    for name, port in _backends(objects):
        assert port in {item[key] for item in services[name]["spec"]["ports"] for key in ("name", "port")}
    hosts = {
        host for item in named(objects, "Ingress").values() for tls in item["spec"]["tls"] for host in tls["hosts"]
    }
    assert {rule["host"] for item in named(objects, "Ingress").values() for rule in item["spec"]["rules"]} == hosts


def test_grpc_and_pages_share_one_name() -> None:
    """By one route: of two kinds with the same name at a listener, one is refused. The ingress parts them by the same
    paths."""
    objects = rendered("base+gateway-api")
    assert [item["kind"] for item in objects if item["kind"].endswith("Route")] == ["HTTPRoute"]
    (route,) = named(objects, "HTTPRoute").values()
    ports = {item["name"]: item["port"] for item in named(objects, "Service")["gateway"]["spec"]["ports"]}
    led = {
        match["path"]["value"]: backend["port"]
        for rule in route["spec"]["rules"]
        for match in rule["matches"]
        for backend in rule["backendRefs"]
    }
    assert led == {"/madseg.v1.IntakeService": ports["grpc"], "/": ports["http"]}
    paths = {
        path["path"]: ports[path["backend"]["service"]["port"]["name"]]
        for item in named(rendered("base+ingress"), "Ingress").values()
        for rule in item["spec"]["rules"]
        for path in rule["http"]["paths"]
    }
    assert paths == led


def test_what_is_taken_in_gets_through_the_ingress() -> None:
    """The largest form, and a stream of uploads without end, which nginx counts as one body."""
    sizes = {
        name: item["metadata"]["annotations"]["nginx.ingress.kubernetes.io/proxy-body-size"]
        for name, item in named(rendered("base+ingress"), "Ingress").items()
    }
    assert sizes == {"gateway": "260m", "gateway-grpc": "0"}
    assert int(sizes["gateway"].removesuffix("m")) << 20 > PARTS * LIMITS.max_bytes


def _backends(objects: tuple[Object, ...]) -> Iterator[tuple[str, Any]]:
    for item in named(objects, "Ingress").values():
        for rule in item["spec"]["rules"]:
            for path in rule["http"]["paths"]:
                yield path["backend"]["service"]["name"], next(iter(path["backend"]["service"]["port"].values()))
    for item in objects:
        if item["kind"] == "HTTPRoute":
            for rule in item["spec"]["rules"]:
                yield from ((backend["name"], backend["port"]) for backend in rule["backendRefs"])


def test_scalers_read_the_groups_that_services_join() -> None:
    """Of topics that there are."""
    objects = rendered("production")
    asked = {
        name: (
            item["spec"]["triggers"][0]["metadata"]["topic"],
            item["spec"]["triggers"][0]["metadata"]["consumerGroup"],
        )
        for name, item in named(objects, "ScaledObject").items()
        if item["spec"]["triggers"][0]["type"] == "kafka"
    }
    assert asked == {
        "predictor-live": ("madseg.images", live_group("madseg")),
        "predictor-replay": (requests_topic("madseg", 8).name, replay_group("madseg")),
        "selector": ("madseg.predictions", "madseg.selector"),
    }


def test_a_group_of_predictors_is_never_forgotten() -> None:
    """Kafka drops what a group without members has committed: one stays. Where scaling from nothing is to be seen, the
    broker keeps it for a year."""
    fewest = {
        overlay: {name: item["spec"]["minReplicaCount"] for name, item in named(objects, "ScaledObject").items()}
        for overlay in ("production", "local-keda")
        for objects in [rendered(overlay)]
    }
    assert fewest["production"].items() >= {"predictor-live": 1, "predictor-replay": 1, "selector": 2}.items()
    assert fewest["local-keda"] == {"predictor-live": 0, "predictor-replay": 0, "selector": 1}
    broker = next(item["data"] for item in rendered("local-keda") if "server.properties" in item.get("data", {}))
    (minutes,) = re.findall(r"^offsets\.retention\.minutes=(\d+)$", broker["server.properties"], re.MULTILINE)
    assert int(minutes) == 365 * 24 * 60


@pytest.mark.parametrize("overlay", ["production", "local-keda"])
def test_who_scales_finds_kafka_from_another_namespace(overlay: str) -> None:
    """By names that have the namespace in them, and where brokers send it on by their own names, those too."""
    triggers = [
        trigger["metadata"]["bootstrapServers"]
        for item in named(rendered(overlay), "ScaledObject").values()
        for trigger in item["spec"]["triggers"]
        if trigger["type"] == "kafka"
    ]
    assert len(triggers) == 3
    for address in triggers:
        assert address.partition(":")[0].endswith(".madseg"), address
    for item in rendered(overlay):
        for name in re.findall(
            r"^advertised\.listeners=BROKER://(.*):", item.get("data", {}).get("server.properties", "")
        ):
            assert name.endswith(".madseg"), name


def test_topics_are_those_that_services_want() -> None:
    """Their settings to the letter: a service refuses a topic that is set otherwise."""
    objects = rendered("production")
    (stream,) = (item["data"]["MADSEG_STREAM"] for item in objects if "MADSEG_STREAM" in item.get("data", {}))
    options = parse(stream).options
    found = named(objects, "KafkaTopic")
    wanted = {topic.name: topic for topic in topics("madseg", 8)}
    assert found.keys() == wanted.keys()
    for name, topic in wanted.items():
        spec = found[name]["spec"]
        assert (spec["partitions"], spec["replicas"]) == (topic.partitions, options.replication)
        assert {key: _text(value) for key, value in spec["config"].items()} == wanted_settings(topic, options)


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def test_alerts_are_those_of_the_compose_file() -> None:
    """Where they differ: deploy/kubernetes/components/monitoring/copy.sh makes the one from the other."""
    (rules,) = named(rendered("production"), "PrometheusRule").values()
    alerts = yaml.safe_load((KUBERNETES.parent / "prometheus" / "alerts.yaml").read_text())
    assert _one_line(rules["spec"]) == _one_line(alerts)


def test_what_is_scraped_has_the_names_that_alerts_ask_for() -> None:
    """Those of the compose file: Prometheus's operator would name the job after the object."""
    objects = rendered("production")
    (monitor,) = named(objects, "PodMonitor").values()
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    jobs: dict[str, set[str]] = {}
    for workload in matching(objects, monitor["spec"]["selector"]):
        if endpoint["port"] in ports(workload):
            name = labels(workload)["app.kubernetes.io/name"]
            told = {"job": "madseg/madseg", "__meta_kubernetes_pod_label_app_kubernetes_io_name": name}
            jobs.setdefault(_relabelled(told, endpoint["relabelings"])["job"], set()).add(name)
    scraped = yaml.safe_load((KUBERNETES.parent / "prometheus" / "prometheus.yaml").read_text())["scrape_configs"]
    (services,) = (item["dns_sd_configs"][0]["names"] for item in scraped if item["job_name"] == "madseg")
    assert jobs == {"madseg": set(services), "triton": {"triton"}}
    assert "triton" in {item["job_name"] for item in scraped}


def _relabelled(told: dict[str, str], rules: list[dict[str, Any]]) -> dict[str, str]:
    """As Prometheus does it where a rule replaces a label."""
    for rule in rules:
        joined = ";".join(told.get(name, "") for name in rule.get("sourceLabels", []))
        if re.fullmatch(rule.get("regex", "(.*)"), joined):
            told = {**told, rule["targetLabel"]: rule["replacement"]}
    return told


def _one_line(document: object) -> object:
    """Without line breaks in texts, which kustomize sets anew."""
    return json.loads(re.sub(r"(\\n|\s)+", " ", json.dumps(document, sort_keys=True)))


def test_the_secrets_of_the_overlay_local_are_all_made() -> None:
    """With every key that is asked for."""
    made = {
        item["metadata"]["name"]: item["stringData"].keys() for item in yaml.safe_load_all(Credentials().manifests())
    }
    for _, pod in pods(rendered("local")):
        for volume in pod.get("volumes", []):
            if "secret" in volume and not volume["secret"].get("optional"):
                assert made[volume["secret"]["secretName"]] >= SECRETS[volume["secret"]["secretName"]]
    assert not list(KUBERNETES.rglob("*secret*.yaml"))
