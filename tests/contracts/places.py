"""Where each suite finds its port: one entry per adapter, and one per fake. A real server is one more entry."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.inference import open_inference
from madseg.adapters.streams import open_stream
from madseg.ports import Blobs, Database, Inference, Stream
from tests.contracts.fakes import FakeBlobs, FakeInference, FakeLog, FakeStream
from tests.contracts.networks import NETWORKS, fake_networks, write_configs, write_repository
from tests.contracts.reading import FOUR, ONE
from tests.databases import KINDS, empty_database
from tests.servers import kafka, s3, triton

P = TypeVar("P")


class Place(ABC, Generic[P]):
    """State that a port stands on, for one test."""

    @abstractmethod
    def open(self) -> P:
        """A new connection to the same state."""

    def wipe(self) -> None:
        """Takes the state away, as losing a disk does; everything opened before is closed."""

    @property
    def url(self) -> str:
        """By which another process opens the same state."""
        raise NotImplementedError


class FakeStreams(Place[Stream]):
    """A log in memory."""

    def __init__(self, _folder: Path) -> None:
        self._log = FakeLog()

    def open(self) -> Stream:
        return FakeStream(self._log)

    def wipe(self) -> None:
        self._log = FakeLog()


class SqliteStreams(Place[Stream]):
    """A log in a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "stream"

    @property
    def url(self) -> str:
        return f"sqlite:///{self._folder}/stream.db"

    def open(self) -> Stream:
        return open_stream(self.url)

    def wipe(self) -> None:
        shutil.rmtree(self._folder)


class KafkaStreams(Place[Stream]):
    """The suites' topics on a real broker."""

    def __init__(self, _folder: Path) -> None:
        self._url = kafka.url()

    @property
    def url(self) -> str:
        return self._url

    def open(self) -> Stream:
        return open_stream(self._url)

    def wipe(self) -> None:
        kafka.delete_topics(FOUR.name, ONE.name)


class Databases(Place[Database]):
    """A database of one kind, empty."""

    def __init__(self, kind: str, folder: Path) -> None:
        self._until = ExitStack()
        self._url = self._until.enter_context(empty_database(kind, folder))

    @property
    def url(self) -> str:
        return self._url

    def open(self) -> Database:
        return open_database(self._url)

    def wipe(self) -> None:
        self._until.close()


class FakeFiles(Place[Blobs]):
    """Files in a dictionary."""

    def __init__(self, _folder: Path) -> None:
        self._files: dict[str, bytes] = {}

    def open(self) -> Blobs:
        return FakeBlobs(self._files)


class LocalFiles(Place[Blobs]):
    """Files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._url = f"file://{folder}/blobs"

    def open(self) -> Blobs:
        return open_blobs(self._url)


class MemoryFiles(Place[Blobs]):
    """obstore's own memory; a second connection would see nothing of the first."""

    def __init__(self, _folder: Path) -> None:
        self._blobs = open_blobs("memory:")

    def open(self) -> Blobs:
        return self._blobs


class S3Files(Place[Blobs]):
    """Files in a real object store, below a prefix of their own."""

    def __init__(self, _folder: Path) -> None:
        self._url = s3.empty_prefix()

    def open(self) -> Blobs:
        return open_blobs(self._url)


class FakeNetworks(Place[Inference]):
    """The test networks as Python functions."""

    def __init__(self, _folder: Path) -> None:
        pass

    def open(self) -> Inference:
        return FakeInference(*fake_networks())


class OnnxNetworks(Place[Inference]):
    """The test networks as ONNX files, run in this process."""

    def __init__(self, folder: Path) -> None:
        self._root = folder / "model_repository"
        write_repository(self._root, NETWORKS)

    def open(self) -> Inference:
        return open_inference(f"onnxruntime://{self._root}", threads=2)


class TritonNetworks(Place[Inference]):
    """The test networks as ONNX files, served by a real Triton that all tests share."""

    def __init__(self, options: str, _folder: Path) -> None:
        server = triton.shared()
        self._url = f"{server.url}{options}"
        if not (server.repository / NETWORKS[0].version.model).exists():
            write_repository(server.repository, NETWORKS)
            write_configs(server.repository)

    def open(self) -> Inference:
        return open_inference(self._url)


STREAMS: dict[str, Callable[[Path], Place[Stream]]] = {
    "fake": FakeStreams,
    "sqlite": SqliteStreams,
    "kafka": KafkaStreams,
}
SHARED_STREAMS: dict[str, Callable[[Path], Place[Stream]]] = {"sqlite": SqliteStreams, "kafka": KafkaStreams}
"""Those that other processes can reach too."""
DATABASES: dict[str, Callable[[Path], Place[Database]]] = {kind: partial(Databases, kind) for kind in KINDS}
BLOBS: dict[str, Callable[[Path], Place[Blobs]]] = {
    "fake": FakeFiles,
    "file": LocalFiles,
    "memory": MemoryFiles,
    "s3": S3Files,
}
INFERENCES: dict[str, Callable[[Path], Place[Inference]]] = {
    "fake": FakeNetworks,
    "onnxruntime": OnnxNetworks,
    "triton": partial(TritonNetworks, ""),
    "triton-shared-memory": partial(TritonNetworks, "?shared_memory=system&concurrency=8"),
}
