"""Apache Kafka as one process, broker and controller (KRaft), run from its artifacts of Maven Central."""

import re
import shutil
import socket
import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from deploy.local.server import TOOLS, Failed, Lacking, Server, locked

VERSION = "4.3.1"
LOG4J = "2.25.4"
"""Of the log4j that Kafka comes with: the binding that makes it log has to be of the same version."""

JAVA = 17
INSTALL = "apt-get install --yes --no-install-recommends default-jre-headless maven"

_JARS = TOOLS / f"kafka-{VERSION}"

_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>madseg</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.apache.logging.log4j</groupId><artifactId>log4j-slf4j-impl</artifactId><version>{LOG4J}</version>
    </dependency>
  </dependencies>
</project>
"""

_PROPERTIES = """process.roles=broker,controller
node.id=1
listeners=BROKER://127.0.0.1:{broker},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=BROKER://127.0.0.1:{broker}
listener.security.protocol.map=BROKER:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=BROKER
controller.listener.names=CONTROLLER
controller.quorum.bootstrap.servers=127.0.0.1:{controller}
log.dirs={data}
# One node: nothing to replicate to.
default.replication.factor=1
min.insync.replicas=1
offsets.topic.replication.factor=1
offsets.topic.num.partitions=3
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
# Topics are made on purpose, never by a slip of the pen.
auto.create.topics.enable=false
# A year: where a group had no member for longer, what it has committed is gone, and predictors ask everything anew.
offsets.retention.minutes=525600
# A broker that was killed is let in again after two seconds, not nine; a group begins with its first member.
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
"""


class Kafka(Server):
    """A broker on 127.0.0.1 alone, without passwords."""

    name: ClassVar[str] = "kafka"

    @property
    def address(self) -> str:
        """`host:port` for clients."""
        return f"127.0.0.1:{self.port('broker')}"

    @property
    def url(self) -> str:
        return f"kafka://{self.address}"

    def prepare(self) -> None:
        _check_java()
        fetch()

    def command(self) -> Sequence[str]:
        properties, data = self.folder / "server.properties", self.folder / "data"
        ports = {"broker": self.port("broker"), "controller": self.port("controller")}
        properties.write_text(_PROPERTIES.format(**ports, data=data))
        if not (data / "meta.properties").exists():
            cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
            # With an equals sign: an id may begin with a hyphen.
            options = ["--standalone", f"--cluster-id={cluster}", "--config", str(properties)]
            _run([*_java("kafka.tools.StorageTool"), "format", *options])
        return [*_java("kafka.Kafka"), str(properties)]

    def answers(self) -> bool:
        """True once clients are served: a broker listens before the controller has let it in."""
        from madseg.adapters.streams.kafka_client import answers

        with socket.socket() as probe:
            probe.settimeout(1)
            listens = probe.connect_ex(("127.0.0.1", self.port("broker"))) == 0
        return listens and answers(self.address)


def fetch() -> None:
    """Gets Kafka's jars once per machine."""
    if _JARS.exists():
        return
    with locked(TOOLS / ".kafka"):
        if not _JARS.exists():
            _fetch()


def _java(program: str) -> list[str]:
    memory = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
    return ["java", *memory, "-Dlog4j2.level=INFO", "-cp", f"{_JARS}/*", program]


def _check_java() -> None:
    if shutil.which("java") is None:
        raise Lacking(f"Kafka runs on Java {JAVA} or newer, which isn't installed: {INSTALL}")
    said = subprocess.run(["java", "-version"], capture_output=True, text=True, check=True).stderr
    number = re.search(r'version "(\d+)', said)
    if number is None or int(number[1]) < JAVA:
        raise Lacking(f"Kafka runs on Java {JAVA} or newer, here is {said.splitlines()[0]}: {INSTALL}")


def _fetch() -> None:
    """Puts Kafka's jars beside their place and moves them there."""
    if shutil.which("mvn") is None:
        raise Lacking(f"Kafka is fetched with Maven, which isn't installed: {INSTALL}")
    made = _JARS.with_name(_JARS.name + ".part")
    shutil.rmtree(made, ignore_errors=True)
    made.mkdir(parents=True)
    pom = made / "pom.xml"
    pom.write_text(_POM)
    copy = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={made}"]
    _run(["mvn", "--quiet", "--batch-mode", "--file", str(pom), *copy])
    made.rename(_JARS)


def _run(command: Sequence[str]) -> None:
    ran = subprocess.run(command, cwd=Path("/"), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise Failed(f"{' '.join(command[:1])} failed:\n{(ran.stdout + ran.stderr)[-2000:]}")
