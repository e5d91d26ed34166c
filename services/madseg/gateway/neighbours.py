"""What the gateway asks of other services, over gRPC, with a token of its own."""

from collections.abc import Callable, Sequence

from madseg.client.connection import Connection
from madseg.client.tls import Tls
from madseg.core.messages import VersionRef
from madseg.gateway.forget import Receipt
from madseg.neighbours import told
from madseg.v1 import models_pb2, scoring_pb2, selector_pb2
from madseg.v1.models_pb2_grpc import ModelsServiceStub
from madseg.v1.scoring_pb2_grpc import ScoringServiceStub
from madseg.v1.selector_pb2_grpc import SelectorServiceStub

DEADLINE_SECONDS = 30.0


def selector_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[str, str], Receipt]:
    """`forget(image_id, reason)` of the selector at an address; raises as `told`."""
    selector = _to("selector", address, token, tls)

    def forget(image: str, reason: str) -> Receipt:
        request = selector_pb2.SelectorServiceForgetImageRequest(image_id=image, reason=reason)
        with told("the gateway"):
            said = selector.call(selector.stub(SelectorServiceStub).ForgetImage, request)
        return Receipt(tuple(said.gone), tuple(said.later))

    return forget


def labelling_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[str, str], Receipt]:
    """`forget(image_id, reason)` of labelling at an address; raises as `told`."""
    labelling = _to("labelling", address, token, tls)

    def forget(image: str, reason: str) -> Receipt:
        request = scoring_pb2.ScoringServiceForgetImageRequest(image_id=image, reason=reason)
        with told("the gateway"):
            said = labelling.call(labelling.stub(ScoringServiceStub).ForgetImage, request)
        return Receipt(gone=tuple(said.gone), stays=tuple(said.stays))

    return forget


def expiry_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[Sequence[str], int], None]:
    """`expire(image_ids, accepted_before)` of the selector at an address; raises as `told`."""
    selector = _to("selector", address, token, tls)

    def expire(images: Sequence[str], before: int) -> None:
        request = selector_pb2.ExpireImagesRequest(image_ids=images)
        request.accepted_before.FromMicroseconds(before)
        with told("the gateway"):
            selector.call(selector.stub(SelectorServiceStub).ExpireImages, request)

    return expire


def models_at(address: str, token: str | None = None, tls: Tls | None = None) -> Callable[[VersionRef], bool]:
    """`is_imported(version)` of the Models service at an address; raises as `told`. What is, is asked for once."""
    models = _to("models", address, token, tls)
    known: set[VersionRef] = set()

    def is_imported(ref: VersionRef) -> bool:
        if ref not in known:
            request = models_pb2.ListModelsRequest()
            with told("the gateway"):
                said = models.call(models.stub(ModelsServiceStub).ListModels, request)
            for model in said.models:
                if model.imported:
                    known.update(VersionRef(model.name, item.version) for item in model.versions)
        return ref in known

    return is_imported


def _to(service: str, address: str, token: str | None, tls: Tls | None) -> Connection:
    return Connection(service, address, DEADLINE_SECONDS, tls).with_token(token)
