"""Where training runs: in the pod of the service, or in jobs that it makes by a template."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.server import free_port
from tests.deploy.kubernetes.rendered import VARIANTS, Object, named, pods, rendered

JOBS = [name for name in VARIANTS if "finetune-job" in name]
GPU = "nvidia.com/gpu"

jobs = pytest.mark.parametrize("variant", JOBS)
indexed = pytest.mark.parametrize("variant", [name for name in JOBS if "indexed" in name])


def pod(variant: str, workload: str) -> Object:
    """That of a workload."""
    (found,) = (pod for item, pod in pods(rendered(variant)) if item["metadata"]["name"] == workload)
    return found


def limits(pod: Object) -> Object:
    """What a pod's one container may take at most."""
    (container,) = pod["containers"]
    found: Object = container["resources"]["limits"]
    return found


def processes(objects: tuple[Object, ...]) -> set[int]:
    """How many train together, by each place that says so."""
    job = named(objects, "CronJob")["training"]["spec"]["jobTemplate"]["spec"]
    (container,) = job["template"]["spec"]["containers"]
    (world,) = (item["value"] for item in container["env"] if item["name"] == "WORLD_SIZE")
    return {job["completions"], job["parallelism"], int(world)}


@jobs
def test_who_makes_jobs_of_training_trains_nothing(variant: str) -> None:
    """No GPU, whatever stands before the component, no memory to learn in, and no place that serving would take."""
    service = pod(variant, "finetune")
    assert not any(name.startswith("nvidia.com/") for name in limits(service))
    assert "tolerations" not in service
    assert (limits(service)["memory"], limits(pod(variant, "training"))["memory"]) == ("2Gi", "16Gi")
    assert service["priorityClassName"] == "madseg-serving"
    assert pod(variant, "training")["priorityClassName"] == "madseg-training"


@jobs
def test_a_run_has_a_gpu_where_one_is_wanted(variant: str) -> None:
    """And may stand on nodes that are kept for those who take one."""
    training = pod(variant, "training")
    wanted = "finetune-job-gpu" in variant or "finetune-job-indexed" in variant
    assert limits(training).get(GPU) == ("1" if wanted else None)
    assert [item["key"] for item in training.get("tolerations", [])] == ([GPU] if wanted else [])


@pytest.mark.parametrize("variant", ["base+gpu", "base+mig"])
def test_who_trains_itself_has_the_gpu(variant: str) -> None:
    """And gives way where nodes fill up."""
    service = pod(variant, "finetune")
    assert limits(service)[GPU] == "1"
    assert service["priorityClassName"] == "madseg-training"


@jobs
def test_rights_are_those_of_the_service_in_its_namespace(variant: str) -> None:
    """Wherever the overlay puts it."""
    objects = rendered(variant)
    (binding,) = named(objects, "RoleBinding").values()
    (subject,) = binding["subjects"]
    account = named(objects, "ServiceAccount")["finetune"]["metadata"]
    assert (subject["name"], subject["namespace"]) == ("finetune", account.get("namespace", "default"))


@indexed
def test_pods_of_a_run_find_each_other(variant: str) -> None:
    """All begin at once, each is told which it is, and the Service has their names before they are ready."""
    objects = rendered(variant)
    job = named(objects, "CronJob")["training"]["spec"]["jobTemplate"]["spec"]
    assert (job["completionMode"], job["backoffLimit"]) == ("Indexed", 0)
    assert processes(objects) == {2}
    service = named(objects, "Service")[job["template"]["spec"]["subdomain"]]
    assert (service["metadata"]["name"], service["spec"]["clusterIP"]) == ("training", "None")
    assert service["spec"]["publishNotReadyAddresses"]
    assert service["spec"]["selector"].items() <= job["template"]["metadata"]["labels"].items()
    (container,) = job["template"]["spec"]["containers"]
    (port,) = container["ports"]
    line = container["args"][-1]
    assert f"{service['metadata']['name']}}}" in line
    assert f":-{port['containerPort']}}}" in line


@pytest.mark.timeout(300)
def test_pods_of_a_run_train_one_network(tmp_path: Path) -> None:
    """The template's own line, as two processes that meet on this machine; the first writes what came of it."""
    pytest.importorskip("torch", reason="torch is absent: make .venv/.train")
    from tests.finetune.small import make_run

    folder = make_run(tmp_path / "run", batch=4)
    (container,) = pod("production+finetune-job-indexed", "training")["containers"]
    told = {item["name"]: item["value"] for item in container["env"]} | {"RUN": str(folder), "JOB": "training-a1"}
    here = {
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(free_port()),
        "OMP_NUM_THREADS": "1",
        "PYTHONWARNINGS": "ignore",
    }
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    started = [
        subprocess.Popen(container["args"], env={**os.environ, **told, **here, "PATH": path, "JOB_COMPLETION_INDEX": i})
        for i in "01"
    ]
    ended = [process.wait(250) for process in started]
    logs = [folder / name for name in ("log.txt", "log-1.txt")]
    assert ended == [0, 0], [log.read_text()[-2000:] for log in logs]
    assert json.loads((folder / "result.json").read_text())["passed"]
