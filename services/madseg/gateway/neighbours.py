"""What the gateway asks of other services, over gRPC, with a token of its own."""

from collections.abc import Callable, Sequence
from typing import Any

import grpc

from madseg.client.channel import open_channel
from madseg.client.tls import Tls
from madseg.core.errors import Unavailable
from madseg.core.messages import VersionRef
from madseg.gateway.forget import Receipt
from madseg.v1 import models_pb2, scoring_pb2, selector_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceStub
from madseg.v1.scoring_pb2_grpc import ScoringServiceStub
from madseg.v1.selector_pb2_grpc import SelectorServiceStub

DEADLINE_SECONDS = 30.0


def selector_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[str, str], Receipt]:
    """`forget(image_id, reason)` of the selector at an address; raises Unavailable."""
    stub = SelectorServiceStub(open_channel(address, token, tls=tls))

    def forget(image: str, reason: str) -> Receipt:
        request = selector_pb2.SelectorServiceForgetImageRequest(image_id=image, reason=reason)
        said = _asked(f"selector at {address}", lambda: stub.ForgetImage(request, timeout=DEADLINE_SECONDS))
        return Receipt(tuple(said.gone), tuple(said.later))

    return forget


def labelling_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[str, str], Receipt]:
    """`forget(image_id, reason)` of labelling at an address; raises Unavailable."""
    stub = ScoringServiceStub(open_channel(address, token, tls=tls))

    def forget(image: str, reason: str) -> Receipt:
        request = scoring_pb2.ScoringServiceForgetImageRequest(image_id=image, reason=reason)
        said = _asked(f"labelling at {address}", lambda: stub.ForgetImage(request, timeout=DEADLINE_SECONDS))
        return Receipt(gone=tuple(said.gone), stays=tuple(said.stays))

    return forget


def expiry_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[Sequence[str], int], None]:
    """`expire(image_ids, accepted_before)` of the selector at an address; raises Unavailable."""
    stub = SelectorServiceStub(open_channel(address, token, tls=tls))

    def expire(images: Sequence[str], before: int) -> None:
        request = selector_pb2.ExpireImagesRequest(image_ids=images)
        request.accepted_before.FromMicroseconds(before)
        _asked(f"selector at {address}", lambda: stub.ExpireImages(request, timeout=DEADLINE_SECONDS))

    return expire


def models_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[VersionRef], bool]:
    """`is_imported(version)` of the Models service at an address; raises Unavailable. What is, is asked for once."""
    stub = ModelsServiceStub(open_channel(address, token, tls=tls))
    known: set[VersionRef] = set()

    def is_imported(ref: VersionRef) -> bool:
        if ref not in known:
            request = models_pb2.ListModelsRequest()
            said = _asked(f"models at {address}", lambda: stub.ListModels(request, timeout=DEADLINE_SECONDS))
            for model in said.models:
                if model.imported:
                    known.update(VersionRef(model.name, item.version) for item in model.versions)
        return ref in known

    return is_imported


def _asked(name: str, call: Callable[[], Any]) -> Any:
    try:
        return call()
    except grpc.RpcError as error:
        detail = error.details() if isinstance(error, grpc.Call) else str(error)
        raise Unavailable(f"the {name} does not answer: {detail}") from error
