"""The compact forms of what the selector stores per image: label maps of one record, and area vectors of one pair."""

import struct
from collections.abc import Sequence

import numpy as np
import zstandard
from numpy.typing import NDArray

_LEVEL = 1
_COUNT = struct.Struct("<H")
_LENGTH = struct.Struct("<I")
_AREA = np.dtype([("label", "u1"), ("area", "<u4")])


def pack_maps(maps: Sequence[bytes], entropies: Sequence[float | None], compressor: zstandard.ZstdCompressor) -> bytes:
    """Label maps in their wire form and their mean entropies (nats, or None), compressed."""
    parts = [_COUNT.pack(len(maps))]
    parts += [struct.pack("<f", float("nan") if entropy is None else entropy) for entropy in entropies]
    parts += [_LENGTH.pack(len(item)) for item in maps]
    return compressor.compress(b"".join([*parts, *maps]))


def unpack_maps(content: bytes) -> tuple[list[bytes], list[float | None]]:
    """What `pack_maps` packed."""
    data = zstandard.decompress(content)
    (count,) = _COUNT.unpack_from(data)
    entropies = struct.unpack_from(f"<{count}f", data, _COUNT.size)
    lengths = struct.unpack_from(f"<{count}I", data, _COUNT.size + 4 * count)
    at = _COUNT.size + 8 * count
    maps = []
    for length in lengths:
        maps.append(data[at : at + length])
        at += length
    return maps, [None if entropy != entropy else entropy for entropy in entropies]


def unpack_entropies(content: bytes) -> list[float | None]:
    """The mean entropies alone."""
    data = zstandard.decompress(content)
    (count,) = _COUNT.unpack_from(data)
    return [None if value != value else value for value in struct.unpack_from(f"<{count}f", data, _COUNT.size)]


def compressor() -> zstandard.ZstdCompressor:
    """A compressor for `pack_maps`; not thread-safe."""
    return zstandard.ZstdCompressor(level=_LEVEL)


def pack_areas(target: NDArray[np.int32], competitor: NDArray[np.int32]) -> list[bytes]:
    """Both area vectors of P pairs, (P, classes) int32 pixels: one byte, then five per present class."""
    classes = target.shape[1]
    both = np.concatenate([target, competitor], axis=1)
    pairs, columns = np.nonzero(both)
    packed = np.empty(len(pairs), _AREA)
    packed["label"], packed["area"] = columns % classes, both[pairs, columns]
    data = packed.tobytes()
    ends = np.cumsum(np.bincount(pairs, minlength=len(both)) * _AREA.itemsize).tolist()
    counts = np.count_nonzero(target, axis=1).tolist()
    return [bytes((n,)) + data[a:b] for n, a, b in zip(counts, [0, *ends], ends, strict=False)]


def unpack_areas(content: bytes) -> tuple[dict[int, int], dict[int, int]]:
    """What `pack_areas` packed of a pair, label to pixels: the target's and the competitor's vector."""
    pairs = list(struct.iter_unpack("<BI", content[1:]))
    return dict(pairs[: content[0]]), dict(pairs[content[0] :])
