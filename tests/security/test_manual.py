"""The commands of the manual that make certificates, run as they stand there."""

import re
import subprocess
from pathlib import Path

from grpc_health.v1 import health_pb2, health_pb2_grpc

from madseg.client.channel import open_channel
from madseg.client.tls import Tls
from madseg.rpc import Server
from madseg.security.tls import ServerTls

MANUAL = Path(__file__).parents[2] / "docs" / "operations.md"


def run(script: str, folder: Path) -> None:
    """By a shell that ends at the first error."""
    done = subprocess.run(["sh", "-eu"], input=script, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_certificates_of_the_manual_work_and_are_renewed(tmp_path: Path) -> None:
    """Shown by a server and by its caller, who ask each other for them."""
    (script,) = re.findall(
        r"^<!-- run by tests/security/test_manual\.py -->\n```sh\n(.*?)^```$",
        MANUAL.read_text(),
        re.DOTALL | re.MULTILINE,
    )
    run(script, tmp_path)
    files = [str(tmp_path / name) for name in ("authority.pem", "madseg.pem", "madseg.key")]
    authority, certificate, key = map(Path, files)
    tls = ServerTls(certificate, key, authority)
    server = Server([], "127.0.0.1:0", tls=tls)
    server.start()
    try:
        before = tls.current().certificate
        for _ in range(2):
            for name in ("", "selector"):
                with open_channel(server.reachable, tls=Tls(files[0], files[1], files[2], name)) as channel:
                    answer = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=20)
                    assert answer.status == health_pb2.HealthCheckResponse.SERVING
            run(script[script.index("# Now, and to renew.") :], tmp_path)
        assert tls.current().certificate != before
    finally:
        server.stop()
