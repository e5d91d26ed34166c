"""A broker that asks for a password behind TLS."""

import gc
import logging
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from deploy.local.kafka import Kafka
from deploy.local.server import Lacking
from madseg.adapters.streams import open_stream
from madseg.core.errors import Unavailable
from madseg.ports import Outgoing, Topic
from tests.contracts.reading import drain, values

STORE = "for the test alone"

SECURED = """
listeners=BROKER://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller},SECURED://127.0.0.1:{secured}
advertised.listeners=BROKER://127.0.0.1:{broker},SECURED://127.0.0.1:{secured}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT,SECURED:SASL_SSL
listener.name.secured.sasl.enabled.mechanisms=PLAIN
listener.name.secured.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
  user_madseg="right";
listener.name.secured.ssl.keystore.location={store}
listener.name.secured.ssl.keystore.password={password}
"""


class Secured(Kafka):
    """The same broker with one more door."""

    def command(self) -> Sequence[str]:
        found = super().command()
        store, properties = self.folder / "store.p12", self.folder / "server.properties"
        keytool = ["keytool", "-keystore", str(store), "-storepass", STORE]
        if not store.exists():
            made = [*keytool, "-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=127.0.0.1"]
            subprocess.run([*made, "-ext", "SAN=IP:127.0.0.1"], check=True, capture_output=True)
            exported = [*keytool, "-exportcert", "-rfc", "-alias", "broker", "-file", str(self.certificate)]
            subprocess.run(exported, check=True, capture_output=True)
        ports = {name: self.port(name) for name in ("broker", "controller", "secured")}
        with properties.open("a") as file:
            file.write(SECURED.format(**ports, store=store, password=STORE))
        return found

    @property
    def certificate(self) -> Path:
        """Whom clients trust."""
        return self.folder / "ca.pem"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    """A running one."""
    made = Secured(tmp_path_factory.mktemp("kafka"))
    try:
        made.start()
    except Lacking as lacking:
        pytest.skip(str(lacking))
    yield made
    made.kill()


def url(server: Secured, password: str, ca: Path) -> str:
    """As a deployment would write it."""
    file = server.folder / f"password-{password}"
    file.write_text(password)
    options = f"tls=true&ca={ca}&mechanism=PLAIN&user=madseg&password_file={file}"
    return f"kafka://127.0.0.1:{server.port('secured')}?{options}"


def test_records_go_through_with_certificate_and_password(server: Secured) -> None:
    """Publishing, asking and reading alike."""
    stream = open_stream(url(server, "right", server.certificate))
    stream.create(Topic("images", 2))
    stream.publish([Outgoing("images", "a", b"a")])
    assert values(drain(stream.consume("images", "g"))) == ["a"]
    stream.close()


def test_a_wrong_password_is_told_without_it(server: Secured) -> None:
    """The broker closes the connection without a word, as one that is away does."""
    with pytest.raises(Unavailable, match="doesn't let us in") as refused:
        open_stream(url(server, "wrong", server.certificate))
    assert "wrong" not in str(refused.value)


@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
def test_a_broker_that_nobody_trusts_is_not_talked_to(server: Secured, caplog: pytest.LogCaptureFixture) -> None:
    """Its certificate isn't signed by those whom the machine trusts."""
    secured = url(server, "right", server.certificate).replace(f"&ca={server.certificate}", "")
    # kafka-python 3.0.12 leaves a socket whose handshake failed to the collector, and its log lines hold it.
    with caplog.at_level(logging.CRITICAL, "kafka"), pytest.raises(Unavailable):
        open_stream(secured)
    gc.collect()
