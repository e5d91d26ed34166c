"""Arrays: `NAME.npy`, (H, W) integers, -1 or 255 void, as the annotations of Yan et al. (2021) are."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from madseg.core.errors import InvalidLabelMap, NotFound
from madseg.core.label_map import LabelMap, from_dense
from madseg.core.taxonomy import Taxonomy
from madseg.exchange.classes import Classes
from madseg.exchange.limits import checked_size
from madseg.exchange.masks import NamedMask, Policy, Refused, Writer, attempt
from madseg.exchange.places import Place, below, opened
from madseg.exchange.writing import FilePerMask


class Npy:
    """A folder or zip of arrays."""

    name = "npy"

    def read(self, place: Path, taxonomy: Taxonomy, policy: Policy) -> Iterator[NamedMask | Refused]:
        classes = Classes(taxonomy, policy)
        with opened(place) as files:
            found = below(files, "", ".npy")
            if not found:
                raise NotFound(f"{place} has no *.npy: give a folder of arrays")
            for name, path in found.items():
                yield attempt(name, _mask, files, path, classes)

    @contextmanager
    def writer(self, place: Path, taxonomy: Taxonomy, *, overwrite: bool = False) -> Iterator[Writer]:
        yield FilePerMask(taxonomy, lambda name: place / f"{name}.npy", _content, overwrite=overwrite)


def array(content: bytes, sized: Callable[[int, int], object] = checked_size) -> NDArray[np.generic]:
    """The (H, W) integers of a .npy file; its header is checked before anything is allocated, nothing is unpickled.

    Args:
        sized: raises where so many rows and columns aren't taken.

    Raises:
        InvalidLabelMap: it is broken, or no such array.
        InvalidInput: more pixels than are taken.
    """
    stream = io.BytesIO(content)
    try:
        version = np.lib.format.read_magic(stream)
        header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, kind = header(stream)
    except (ValueError, SyntaxError, TypeError, OSError, EOFError) as error:
        raise InvalidLabelMap(f"a broken or truncated .npy file ({str(error)[:200]}): save it again") from error
    if len(shape) != 2 or kind.kind not in "iub":
        raise InvalidLabelMap(f"an array must be (H, W) of integers, got {shape} {kind}: save labels, not scores")
    sized(*shape)
    data, whole = content[stream.tell() :], shape[0] * shape[1] * kind.itemsize
    if len(data) != whole:
        raise InvalidLabelMap(f"a truncated .npy file: {len(data)} bytes of {whole}")
    values = np.frombuffer(data, np.uint8 if kind.kind == "b" else kind)
    return values.reshape(shape, order="F" if fortran else "C")


def _mask(files: Place, path: str, classes: Classes) -> LabelMap:
    return from_dense(classes.numbered(array(files.read(path))))


def _content(mask: NamedMask) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, mask.label_map.dense())
    return buffer.getvalue()
