"""What every launcher keeps to, and what that of processes does besides."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from madseg.adapters.launchers import kubernetes, open_launcher
from madseg.adapters.launchers.process import Options, parse_options
from madseg.core.errors import InvalidInput
from madseg.ports import Ended, Launcher, Running, Unknown
from tests.contracts.launching import (
    FakeKubernetesPlace,
    FakePlace,
    LauncherPlace,
    ProcessPlace,
    RanksPlace,
    RealKubernetesPlace,
    alive,
    ranks_of,
    until_begun,
    until_ended,
)

RUN = "a1"


PLACES = [
    pytest.param(FakePlace, id="fake"),
    pytest.param(ProcessPlace, id="process"),
    pytest.param(RanksPlace, id="processes"),
    pytest.param(FakeKubernetesPlace, id="kubernetes in memory"),
]
if os.environ.get("MADSEG_SOAK"):  # which takes ten minutes to build on two cores
    PLACES.append(pytest.param(RealKubernetesPlace, id="kubernetes", marks=pytest.mark.soak))


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LauncherPlace]:
    """A machine; nothing goes on afterwards."""
    made: LauncherPlace = request.param(tmp_path)
    if isinstance(made, ProcessPlace):
        monkeypatch.setenv("PYTHONPATH", made.path)
    yield made
    made.close(RUN)


@pytest.fixture
def processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ProcessPlace]:
    """Processes alone."""
    made = ProcessPlace(tmp_path)
    monkeypatch.setenv("PYTHONPATH", made.path)
    yield made
    made.close(RUN)


@pytest.fixture
def ranks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RanksPlace]:
    """Two processes a run."""
    made = RanksPlace(tmp_path)
    monkeypatch.setenv("PYTHONPATH", made.path)
    yield made
    made.close(RUN)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder, whose training sleeps."""
    made = tmp_path / "run"
    made.mkdir()
    return does(made, "sleep")


def does(folder: Path, what: str) -> Path:
    """Its training does this when it is launched next."""
    (folder / "does").write_text(what)
    return folder


def begun(folder: Path) -> int:
    """Times that training was begun."""
    return len((folder / "began").read_text().splitlines())


def test_nothing_is_known_of_what_was_not_launched(place: LauncherPlace) -> None:
    """And there is nothing to stop."""
    launcher = place.open()
    assert launcher.state(RUN) == Unknown()
    launcher.stop(RUN)
    assert launcher.state(RUN) == Unknown()


def test_what_is_launched_goes_on(place: LauncherPlace, folder: Path) -> None:
    """A second launch begins no second training."""
    launcher = place.open()
    launcher.launch(RUN, folder)
    assert launcher.state(RUN) == Running()
    until_begun(folder)
    launcher.launch(RUN, folder)
    assert launcher.state(RUN) == Running()
    assert begun(folder) == 1
    assert launcher.state("b2") == Unknown()


@pytest.mark.parametrize("status", [0, 3])
def test_its_end_is_told_with_its_status(place: LauncherPlace, folder: Path, status: int) -> None:
    """And it can be launched again."""
    launcher = place.open()
    launcher.launch(RUN, does(folder, f"exit {status}"))
    assert until_ended(launcher, RUN) == Ended(status)
    launcher.launch(RUN, does(folder, "sleep"))
    assert launcher.state(RUN) == Running()
    until_begun(folder, 2)


@pytest.mark.parametrize("what", ["sleep", "stubborn"])
def test_it_can_be_stopped(place: LauncherPlace, folder: Path, what: str) -> None:
    """Also where it doesn't listen; at any moment, a second time without effect."""
    launcher = place.open()
    launcher.launch(RUN, does(folder, what))
    until_begun(folder)
    launcher.stop(RUN)
    ended = launcher.state(RUN)
    assert isinstance(ended, Ended)
    assert ended.status in (-signal.SIGTERM, -signal.SIGKILL)
    launcher.stop(RUN)
    assert launcher.state(RUN) == ended


def test_it_can_be_stopped_before_it_has_begun(place: LauncherPlace, folder: Path) -> None:
    """Right after its launch."""
    launcher = place.open()
    launcher.launch(RUN, folder)
    launcher.stop(RUN)
    assert isinstance(launcher.state(RUN), Ended)


def test_one_that_is_opened_later_finds_it(place: LauncherPlace, folder: Path) -> None:
    """It goes on, isn't launched twice, and can be stopped."""
    place.open().launch(RUN, folder)
    until_begun(folder)
    later = place.open()
    assert later.state(RUN) == Running()
    later.launch(RUN, folder)
    assert begun(folder) == 1
    later.stop(RUN)
    assert isinstance(place.open().state(RUN), Ended)


@pytest.mark.parametrize("run_id", ["", "../a", "A", "a b", "a" * 65, "a\n"])
def test_an_id_is_no_path(place: LauncherPlace, folder: Path, run_id: str) -> None:
    """It is refused everywhere."""
    launcher = place.open()
    for act in (lambda: launcher.launch(run_id, folder), lambda: launcher.state(run_id), lambda: launcher.stop(run_id)):
        with pytest.raises(InvalidInput, match=r"1\.\.64 of a-z and 0-9"):
            act()


def test_training_gets_none_of_our_settings(
    processes: ProcessPlace, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some are secrets. What it says stands in its log."""
    monkeypatch.setenv("MADSEG_TOKEN", "secret")
    launcher = processes.open()
    launcher.launch(RUN, does(folder, "exit 0"))
    until_ended(launcher, RUN)
    assert (folder / "began").read_text().endswith(" []\n")
    assert (folder / "log.txt").read_text() == "it says something\n"


def test_training_outlives_a_service_that_is_killed(processes: ProcessPlace, folder: Path, tmp_path: Path) -> None:
    """Whoever comes after it finds the training, and not its status when it has ended."""
    code = f"""
        import os, signal
        from pathlib import Path
        from madseg.adapters.launchers.process import Options, ProcessLauncher
        launcher = ProcessLauncher(Path({str(tmp_path / "kept")!r}), Options(), module="training_stand_in")
        launcher.launch({RUN!r}, Path({str(folder)!r}))
        os.kill(os.getpid(), signal.SIGKILL)
    """
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], check=False)
    assert killed.returncode == -signal.SIGKILL
    launcher: Launcher = processes.open()
    assert launcher.state(RUN) == Running()
    until_begun(folder)
    launcher.launch(RUN, folder)
    assert begun(folder) == 1
    os.kill(int((folder / "began").read_text().split()[0]), signal.SIGKILL)
    assert until_ended(launcher, RUN) == Ended(None)


def test_the_processes_of_a_run_go_on_without_what_started_them(ranks: RanksPlace, folder: Path) -> None:
    """While one of them lives the run goes on: nothing is launched beside it, and it can be stopped."""
    launcher = ranks.open()
    launcher.launch(RUN, folder)
    first, second = ranks_of(folder)
    for killed in (ranks.parent(RUN), first):
        os.kill(killed, signal.SIGKILL)
        assert launcher.state(RUN) == Running()
    launcher.launch(RUN, folder)
    assert begun(folder) == 1
    assert alive(second)
    launcher.stop(RUN)
    assert isinstance(launcher.state(RUN), Ended)
    assert not alive(second)


@pytest.mark.parametrize("rank", [0, 1])
def test_a_process_that_fails_ends_the_others(ranks: RanksPlace, folder: Path, rank: int) -> None:
    """With its status: they would wait for it."""
    launcher = ranks.open()
    launcher.launch(RUN, does(folder, f"exit-{rank} 4"))
    assert until_ended(launcher, RUN) == Ended(4)
    assert not any(alive(int(file.read_text())) for file in folder.glob("rank.*"))


def test_a_process_that_is_killed_ends_the_others(ranks: RanksPlace, folder: Path) -> None:
    """Its signal is told as a shell does."""
    launcher = ranks.open()
    launcher.launch(RUN, folder)
    first, second = ranks_of(folder)
    os.kill(second, signal.SIGKILL)
    assert until_ended(launcher, RUN) == Ended(128 + signal.SIGKILL)
    assert not alive(first)


def test_a_launcher_is_named_by_its_url(tmp_path: Path) -> None:
    """With options."""
    assert parse_options("process:") == Options(1, 5)
    assert parse_options("process:?processes=4&nice=10") == Options(4, 10)
    for url in ("process:?nice=20", "process:?processes=0", "process:?cores=1", "process:?nice=", "process:here"):
        with pytest.raises(InvalidInput, match="process:"):
            open_launcher(url, tmp_path)
    server = "server=https://cluster:6443"
    assert kubernetes.parse_options(f"kubernetes:?template=learn&{server}").template == "learn"
    for url in (
        "kubernetes://cluster",
        "kubernetes:?template=A",
        "kubernetes:?server=http://cluster",
        "kubernetes:?x=1",
    ):
        with pytest.raises(InvalidInput, match="kubernetes:"):
            open_launcher(url, tmp_path)
    with pytest.raises(InvalidInput, match="in a pod"):
        open_launcher("kubernetes:", tmp_path)
    with pytest.raises(InvalidInput, match="no launcher is known by 'slurm'"):
        open_launcher("slurm://cluster", tmp_path)
