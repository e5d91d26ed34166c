"""Where training runs: in the pod of the service, or in jobs that it makes by a template."""

import pytest

from tests.deploy.kubernetes.rendered import VARIANTS, Object, named, pods, rendered

JOBS = [name for name in VARIANTS if "finetune-job" in name]
GPU = "nvidia.com/gpu"

jobs = pytest.mark.parametrize("variant", JOBS)


def pod(variant: str, workload: str) -> Object:
    """That of a workload."""
    (found,) = (pod for item, pod in pods(rendered(variant)) if item["metadata"]["name"] == workload)
    return found


def limits(pod: Object) -> Object:
    """What a pod's one container may take at most."""
    (container,) = pod["containers"]
    found: Object = container["resources"]["limits"]
    return found


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
    wanted = "finetune-job-gpu" in variant
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
