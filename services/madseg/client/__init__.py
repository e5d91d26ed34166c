"""The client of madseg: typed, synchronous, and needing grpcio and protobuf alone.

    >>> from madseg.client import Client, Upload
    >>> with Client.from_environment() as client:                                   # doctest: +SKIP
    ...     for result in client.upload_many(Upload.from_file(path) for path in paths):
    ...         print(result)
    ...     for entry in client.ranking("ours", "theirs", "competitor", "bus"):     # lazily, best first
    ...         print(entry.rank, entry.image_id, entry.discrepancy)
    ...     chosen = client.cut_candidates(per_ranking=25)
    Accepted(name='kerb.jpg', image_id='0f3c...', duplicate=False, random_lane=False)
    1 0f3c... 0.8125

Results are frozen dataclasses of plain Python. Versions are written `"name"` (the newest), `"name/3"` or
`Version("name", 3)`; defenders `"target"` or `"competitor"`. Errors form the tree in `madseg.client.errors`.
"""

from madseg.client.client import Client
from madseg.client.endpoints import Endpoints
from madseg.client.errors import (
    AlreadyExists,
    ClientError,
    DeadlineExceeded,
    InvalidArgument,
    NotFound,
    NotReady,
    ServerError,
    Unavailable,
)
from madseg.client.values.candidates import (
    Candidate,
    CandidateChange,
    CandidateDiff,
    CandidateSet,
    ClassChange,
    Placement,
)
from madseg.client.values.common import Box, Contest, ContestState, Defender, ImageFilter, Role, Size, Version
from madseg.client.values.images import (
    Accepted,
    Image,
    ImportedMap,
    ImportedMaps,
    IntakeStatus,
    Picture,
    PictureKind,
    Receipt,
    Refused,
    Requeued,
    Upload,
)
from madseg.client.values.models import Added, Model, ModelCard, Switched, VersionInfo
from madseg.client.values.rankings import (
    ClassOutcome,
    ContestOutcome,
    Explanation,
    PredictionsRequested,
    RankingEntry,
    RankingKey,
    RankingPage,
    RankingSummary,
    Replay,
    SelectorStatus,
    StoredMap,
    VersionCount,
    VersionOutcome,
)

__all__ = [
    "Accepted",
    "Added",
    "AlreadyExists",
    "Box",
    "Candidate",
    "CandidateChange",
    "CandidateDiff",
    "CandidateSet",
    "ClassChange",
    "ClassOutcome",
    "Client",
    "ClientError",
    "Contest",
    "ContestOutcome",
    "ContestState",
    "DeadlineExceeded",
    "Defender",
    "Endpoints",
    "Explanation",
    "Image",
    "ImageFilter",
    "ImportedMap",
    "ImportedMaps",
    "IntakeStatus",
    "InvalidArgument",
    "Model",
    "ModelCard",
    "NotFound",
    "NotReady",
    "Picture",
    "PictureKind",
    "Placement",
    "PredictionsRequested",
    "RankingEntry",
    "RankingKey",
    "RankingPage",
    "RankingSummary",
    "Receipt",
    "Refused",
    "Replay",
    "Requeued",
    "Role",
    "SelectorStatus",
    "ServerError",
    "Size",
    "StoredMap",
    "Switched",
    "Unavailable",
    "Upload",
    "Version",
    "VersionCount",
    "VersionInfo",
    "VersionOutcome",
]
