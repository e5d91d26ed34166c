"""What the launcher of jobs does where its cluster doesn't play along."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.launchers.kubernetes import MAX_NAME, KubernetesLauncher, Options
from madseg.core.errors import Unavailable
from madseg.ports import Ended, Running, Unknown
from tests.contracts.cluster.fake import FakeCluster, Object
from tests.contracts.launching import cron_job

JOBS = "/apis/batch/v1/namespaces/default/jobs"
LONG = "a" * 64


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[FakeCluster]:
    """One whose pods nobody runs."""
    made = FakeCluster(tmp_path / "cluster")
    made.answer("POST", "/apis/batch/v1/namespaces/default/cronjobs", cron_job())
    yield made
    made.close()


@pytest.fixture
def launcher(cluster: FakeCluster) -> KubernetesLauncher:
    """As the service of the cluster has it."""
    return KubernetesLauncher(Options(server=cluster.server, account=cluster.account))


def jobs(cluster: FakeCluster) -> dict[str, Object]:
    """By name."""
    return {name: item for (kind, name), item in cluster.objects.items() if kind == "jobs"}


def ended(cluster: FakeCluster, name: str, code: int | None) -> None:
    """Its pod has failed, with a status that is seen or not."""
    pod = next(item for (kind, _), item in cluster.objects.items() if kind == "pods")
    states = [] if code is None else [{"state": {"terminated": {"exitCode": code}}}]
    pod["status"] = {"phase": "Failed", "containerStatuses": states}
    cluster.answer("GET", f"{JOBS}/{name}", None)


def test_a_job_is_made_by_the_template(cluster: FakeCluster, launcher: KubernetesLauncher, tmp_path: Path) -> None:
    """With the folder of the run and its own name, besides what stands there."""
    launcher.launch("a1", tmp_path)
    (job,) = jobs(cluster).values()
    assert (job["metadata"]["name"], job["metadata"]["annotations"]) == ("training-a1", {"madseg/run": "a1"})
    (container,) = job["spec"]["template"]["spec"]["containers"]
    told = {item["name"]: item["value"] for item in container["env"]}
    assert (told["RUN"], told["JOB"], "WORKER" in told) == (str(tmp_path), "training-a1", True)


def test_names_of_jobs_fit(cluster: FakeCluster, launcher: KubernetesLauncher, tmp_path: Path) -> None:
    """Long ids are cut, and stay apart."""
    for run in (LONG, "a" * 63 + "b"):
        launcher.launch(run, tmp_path)
        assert launcher.state(run) == Running()
    assert len(jobs(cluster)) == 2
    assert all(len(name) <= MAX_NAME for name in jobs(cluster))


@pytest.mark.parametrize(("code", "status"), [(137, -signal.SIGKILL), (143, -signal.SIGTERM), (2, 2), (None, None)])
def test_how_it_ended(
    cluster: FakeCluster, launcher: KubernetesLauncher, tmp_path: Path, code: int | None, status: int | None
) -> None:
    """Out of memory is a kill; a pod whose node is gone tells nothing."""
    launcher.launch("a1", tmp_path)
    ended(cluster, "training-a1", code)
    assert launcher.state("a1") == Ended(status)
    launcher.launch("a1", tmp_path)
    assert launcher.state("a1") == Running()


def test_what_the_cluster_refuses_is_unavailable(
    cluster: FakeCluster, launcher: KubernetesLauncher, tmp_path: Path
) -> None:
    """In its own words; it is tried again."""
    del cluster.objects["cronjobs", "training"]
    with pytest.raises(Unavailable, match="no CronJob training"):
        launcher.launch("a1", tmp_path)
    assert launcher.state("a1") == Unknown()
    (cluster.account / "token").write_text("nobodys")
    with pytest.raises(Unavailable, match="refuses to GET jobs/training-a1: Unauthorized"):
        launcher.state("a1")
    (cluster.account / "token").unlink()
    with pytest.raises(Unavailable, match="can't be asked"):
        launcher.state("a1")


def test_a_cluster_that_is_away_is_unavailable(
    cluster: FakeCluster, launcher: KubernetesLauncher, tmp_path: Path
) -> None:
    """Nothing is taken to have ended."""
    cluster.close()
    for act in (lambda: launcher.launch("a1", tmp_path), lambda: launcher.state("a1"), lambda: launcher.stop("a1")):
        with pytest.raises(Unavailable, match="can't be asked"):
            act()


def test_a_pod_tells_where_its_server_is() -> None:
    """By variables that every pod has."""
    given = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443"}
    launcher = KubernetesLauncher(Options(), given)
    with pytest.raises(Unavailable, match=r"https://\[fd00::1\]:443"):
        launcher.state("a1")
