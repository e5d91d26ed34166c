"""What intake shows of uploads: acknowledged, refused and why, bytes, time; and where the trace of an image begins."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import SpanKind

from madseg.core.errors import InvalidInput
from madseg.observing.metrics import INTAKE_BYTES, INTAKE_IMAGES, INTAKE_REFUSED, INTAKE_SECONDS
from madseg.observing.tracing import ANY, Step, begun, exemplar, parent_of, steps


class Upload:
    """One upload; whoever takes it in says what came of it."""

    def __init__(self, size: int, step: Step) -> None:
        self._size, self._step = size, step

    def acknowledged(self, image: str, *, duplicate: bool) -> None:
        """It is in, or was."""
        INTAKE_IMAGES.labels("duplicate" if duplicate else "new").inc()
        INTAKE_BYTES.inc(self._size)
        if self._step.span is not None:
            self._step.span.set_attributes({"madseg.image": image, "madseg.duplicate": duplicate})


@contextmanager
def uploading(size: int) -> Iterator[Upload]:
    """A block that takes in `size` bytes, as a step of the request's trace or the first of its own."""
    begin = time.perf_counter()
    step = begun("upload image", SpanKind.SERVER, parent_of(ANY), {"madseg.bytes": size})
    with steps({ANY: step}):
        try:
            yield Upload(size, step)
        except InvalidInput as error:
            INTAKE_REFUSED.labels(type(error).__name__).inc()
            raise
        finally:
            INTAKE_SECONDS.observe(time.perf_counter() - begin, exemplar())
