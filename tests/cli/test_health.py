"""What health checks ask."""

from pathlib import Path

from madseg.rpc import Server
from madseg.security.tls import ServerTls
from tests.cli.terminal import Terminal
from tests.client.running import Running
from tests.security.authority import Authority


def test_a_server_that_serves_is_healthy(madseg: Terminal, services: Running) -> None:
    """Nothing is said, and the exit code is 0."""
    answer = madseg("health", services.address)
    assert (answer.code, answer.out, answer.err) == (0, "", "")


def test_nobody_there_is_not_healthy(utc: None) -> None:
    """The exit code is 1, with a line that says why."""
    answer = Terminal()("health", "127.0.0.1:1")
    assert answer.code == 1
    assert answer.err.startswith("madseg: error: 127.0.0.1:1 doesn't answer: ")


def test_a_server_over_tls_is_asked_by_the_variables_of_its_files(tmp_path: Path, utc: None) -> None:
    """Those of every command."""
    authority = Authority(tmp_path)
    certificate, key = authority.sign("server")
    server = Server([], "127.0.0.1:0", tls=ServerTls(certificate, key, authority.file))
    server.start()
    try:
        files = {"AUTHORITY": authority.file, "CERTIFICATE": certificate, "KEY": key}
        known = Terminal({f"MADSEG_TLS_{name}": str(file) for name, file in files.items()})
        assert known("health", server.reachable).code == 0
        answer = Terminal({"MADSEG_TLS_AUTHORITY": str(authority.file)})("health", server.reachable)
        assert (answer.code, "doesn't answer" in answer.err) == (1, True)
        answer = Terminal({"MADSEG_TLS_AUTHORITY": str(tmp_path / "none")})("health", server.reachable)
        assert (answer.code, "none can't be read" in answer.err) == (1, True)
    finally:
        server.stop()
