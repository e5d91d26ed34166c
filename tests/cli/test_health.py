"""What health checks ask."""

from tests.cli.terminal import Terminal
from tests.client.running import Running


def test_a_server_that_serves_is_healthy(madseg: Terminal, services: Running) -> None:
    """Nothing is said, and the exit code is 0."""
    answer = madseg("health", services.address)
    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_nobody_there_is_not_healthy(utc: None) -> None:
    """The exit code is 1, with a line that says why."""
    answer = Terminal()("health", "127.0.0.1:1")
    assert answer.code == 1
    assert answer.err.startswith("madseg: error: 127.0.0.1:1 doesn't answer: ")
