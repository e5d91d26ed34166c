"""Where each suite finds its port: one entry per adapter, and one per fake. A real server is one more entry."""

import shutil
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from madseg.adapters.blobs import open_blobs
from madseg.adapters.databases import open_database
from madseg.adapters.inference import open_inference
from madseg.adapters.streams import open_stream
from madseg.ports import Blobs, Database, Inference, Stream
from tests.contracts.fakes import FakeBlobs, FakeInference, FakeLog, FakeStream
from tests.contracts.networks import NETWORKS, fake_networks, write_repository

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


class SqliteDatabases(Place[Database]):
    """A database in a file."""

    def __init__(self, folder: Path) -> None:
        self._url = f"sqlite:///{folder}/madseg.db"

    def open(self) -> Database:
        return open_database(self._url)


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


STREAMS: dict[str, Callable[[Path], Place[Stream]]] = {"fake": FakeStreams, "sqlite": SqliteStreams}
SHARED_STREAMS: dict[str, Callable[[Path], Place[Stream]]] = {"sqlite": SqliteStreams}
"""Those that other processes can reach too."""
DATABASES: dict[str, Callable[[Path], Place[Database]]] = {"sqlite": SqliteDatabases}
BLOBS: dict[str, Callable[[Path], Place[Blobs]]] = {"fake": FakeFiles, "file": LocalFiles, "memory": MemoryFiles}
INFERENCES: dict[str, Callable[[Path], Place[Inference]]] = {"fake": FakeNetworks, "onnxruntime": OnnxNetworks}
