"""Takes in label maps that were predicted elsewhere and publishes them like any prediction."""

from collections.abc import Callable

import numpy as np

from madseg.core.errors import InvalidInput, InvalidLabelMap, NotFound
from madseg.core.label_map import LabelMap, decode
from madseg.core.messages import ImageFacts, Prediction, PredictionsMade, VersionRef, checked_image_id
from madseg.core.preprocess import Size, in_random_lane
from madseg.core.taxonomy import VOID, Taxonomy
from madseg.core.times import moment
from madseg.events import PREDICTIONS_IMPORTED, event
from madseg.gateway import store
from madseg.gateway.accept import Forgotten, Policy
from madseg.gateway.upload import ImportedMaps, checked_text
from madseg.ports import Database, Stream
from madseg.wire import encode_predictions, predictions_topic

MAX_MAPS = 100
"""Label maps of one image in one request."""


class ImportPredictions:
    """Label maps in, records out. Thread-safe.

    `is_imported` tells whether a version is registered as one whose predictions come from elsewhere.
    `clock` gives microseconds since 1970.
    """

    def __init__(
        self,
        stream: Stream,
        database: Database,
        policy: Policy,
        taxonomy: Taxonomy,
        is_imported: Callable[[VersionRef], bool],
        clock: Callable[[], int],
        prefix: str,
    ) -> None:
        self._stream, self._database, self._policy, self._taxonomy = stream, database, policy, taxonomy
        self._is_imported, self._clock = is_imported, clock
        self._topic = predictions_topic(prefix, 1).name

    def take(self, item: ImportedMaps) -> str:
        """Publishes the label maps of one image; returns its id. All of them, or none and an error.

        Raises:
            InvalidLabelMap: a map with a wrong form, size or label; the message names the version and the place.
            NotFound: a version that is not registered as imported.
            InvalidInput: no maps, a version twice, no image id, a forgotten image.
        """
        self._check(item)
        facts = self._facts(item)
        outcomes = tuple(Prediction(ref, label_map) for ref, label_map in item.maps)
        values = encode_predictions(PredictionsMade(facts, outcomes))
        self._stream.publish([event(PREDICTIONS_IMPORTED, self._topic, facts.image_id, value) for value in values])
        return facts.image_id

    def _check(self, item: ImportedMaps) -> None:
        checked_image_id(item.image_id)
        checked_text("source", item.source)
        refs = [ref for ref, _ in item.maps]
        if not 1 <= len(refs) <= MAX_MAPS:
            raise InvalidInput(f"an image has 1..{MAX_MAPS} label maps in one request, got {len(refs)}", field="maps")
        if len(set(refs)) < len(refs):
            raise InvalidInput(f"a version has two label maps of one image: {', '.join(map(str, refs))}", field="maps")
        for ref, data in item.maps:
            if not self._is_imported(ref):
                raise NotFound(f"{ref} is not registered as a model whose predictions are imported: register it first")
            try:
                check_labels(decode(data), self._policy.grid, self._taxonomy)
            except InvalidLabelMap as error:
                raise InvalidLabelMap(f"the label map of {ref}: {error}", field="maps") from error

    def _facts(self, item: ImportedMaps) -> ImageFacts:
        image = item.image_id
        lane = in_random_lane(image, self._policy.random_lane)
        facts = ImageFacts(image, None, item.source or "import", moment(self._clock()), random_lane=lane)
        with self._database.write(beside=True) as tx:
            if store.banned(tx, [image]):
                raise Forgotten(f"image {image} was forgotten for ever and can't be taken in again")
            known = store.find_images(tx, [image]).get(image)
            return known.accepted.image if known else store.import_facts(tx, facts)


def check_labels(label_map: LabelMap, grid: Size, taxonomy: Taxonomy) -> None:
    """Raises InvalidLabelMap where a map has another size or a label outside the taxonomy; names label and place."""
    size = Size(label_map.height, label_map.width)
    if size != grid:
        raise InvalidLabelMap(f"it is {size}, the canonical grid is {grid}: bring it to the grid first")
    outside = np.flatnonzero((label_map.labels >= len(taxonomy)) & (label_map.labels != VOID))
    if len(outside):
        run = int(outside[0])
        row, column = divmod(int(label_map.ends[run - 1]) if run else 0, label_map.width)
        raise InvalidLabelMap(
            f"label {label_map.labels[run]} at row {row}, column {column} is outside taxonomy {taxonomy.name!r}, "
            f"whose labels are 0..{len(taxonomy) - 1} and {VOID} for void"
        )
