"""Object stores by URL, and how long they are waited for.

s3://bucket/prefix       Amazon S3 and whatever speaks as it does
gs://bucket/prefix       Google Cloud Storage
az://container/prefix    Azure Blob Storage

After a question mark:

endpoint=URL             another server than the provider's own, in clear text where it begins with http://
region=NAME              of S3
credentials=FILE         of S3: a file as AWS's tools have it; the profile is AWS_PROFILE or `default`
account=NAME             of Azure

All else comes from the variables that the providers' own tools read: AWS_ACCESS_KEY_ID, AWS_WEB_IDENTITY_TOKEN_FILE,
GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_ACCOUNT_KEY, ... A prefix is whole path segments.
"""

import os
from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

import obstore
from obstore.exceptions import PermissionDeniedError, UnauthenticatedError
from obstore.store import AzureStore, GCSStore, S3Store

from madseg.adapters.blobs.failures import CALLERS_FAULT, FAILURES, LOST, cause, code, translated
from madseg.core.errors import InvalidInput, NotFound, Unavailable

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, ObjectStore, RetryConfig, S3Config

OPTIONS = {
    "s3": {"endpoint", "region", "credentials"},
    "gs": {"endpoint"},
    "az": {"endpoint", "account"},
}
"""By scheme, what may stand in the query."""

CLIENT: "ClientConfig" = {"connect_timeout": "3s", "read_timeout": "15s", "timeout": "120s"}
"""A silent server is given up after 15 s; 64 MiB may take two minutes."""

RETRY: "RetryConfig" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=5),
    "backoff": {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=1), "base": 2},
}
"""Bridges a hiccup. An outage is for the caller to wait out: it knows what else there is to do."""

_ROLES = "169.254.169.254"
"""Where a machine in a cloud asks for the credentials of its role."""

NOWHERE = "madseg.probe/nothing"
"""A key that nobody has."""


@dataclass(frozen=True)
class Remote:
    """An object store below a prefix; `name` is its URL without options, for messages."""

    store: "ObjectStore"
    name: str


def open_store(url: str) -> Remote:
    """The store at a URL, which has answered once.

    Raises:
        InvalidInput: the URL or its credentials aren't right.
        NotFound: there is no such bucket.
        Unavailable: the store doesn't answer.
    """
    place = urlsplit(url)
    options = _options(place)
    name = f"{place.scheme}://{place.netloc}{unquote(place.path).rstrip('/')}"
    try:
        store = _store(place, options)
    except FAILURES as error:
        raise InvalidInput(f"{name} can't be opened: {cause(error)}") from error
    _check(store, name)
    return Remote(store, name)


def _options(place: SplitResult) -> dict[str, str]:
    if place.scheme not in OPTIONS:
        raise InvalidInput("an object store is s3://bucket/prefix, gs://bucket/prefix or az://container/prefix")
    if "@" in place.netloc:
        raise InvalidInput(f"{place.scheme}:// URLs hold no password: put it into the environment, or into a file")
    if not place.netloc:
        raise InvalidInput(f"no bucket is named: write {place.scheme}://bucket/prefix")
    options = dict(parse_qsl(place.query, keep_blank_values=True))
    unknown = options.keys() - OPTIONS[place.scheme]
    if unknown:
        known = ", ".join(sorted(OPTIONS[place.scheme]))
        raise InvalidInput(f"{place.scheme}://{place.netloc} has options {known}, not {', '.join(sorted(unknown))}")
    return options


def _store(place: SplitResult, options: dict[str, str]) -> "ObjectStore":
    prefix = unquote(place.path).strip("/") or None
    endpoint = options.get("endpoint")
    client: ClientConfig = {**CLIENT}
    if endpoint and endpoint.startswith("http://"):
        client["allow_http"] = True
    if place.scheme == "s3":
        s3: S3Config = _credentials(options["credentials"]) if "credentials" in options else {}
        # One file goes at a time, and not every server knows how to delete several.
        s3["disable_bulk_delete"] = True
        if endpoint:
            s3["endpoint"] = endpoint
        if "region" in options:
            s3["region"] = options["region"]
        return S3Store(place.netloc, prefix=prefix, config=s3, client_options=client, retry_config=RETRY)
    if place.scheme == "gs":
        gs: GCSConfig = {"base_url": endpoint} if endpoint else {}
        return GCSStore(place.netloc, prefix=prefix, config=gs, client_options=client, retry_config=RETRY)
    az: AzureConfig = {"endpoint": endpoint} if endpoint else {}
    if "account" in options:
        az["account_name"] = options["account"]
    return AzureStore(place.netloc, prefix=prefix, config=az, client_options=client, retry_config=RETRY)


def _credentials(path: str) -> "S3Config":
    """Key, secret and session token of a profile in an AWS credentials file."""
    profile = os.environ.get("AWS_PROFILE", "default")
    parser = ConfigParser(interpolation=None)
    try:
        parser.read_string(Path(path).read_text(encoding="utf-8"))
        found = parser[profile]
        read: S3Config = {
            "access_key_id": found["aws_access_key_id"],
            "secret_access_key": found["aws_secret_access_key"],
        }
    except OSError as error:
        raise InvalidInput(f"credentials file {path} can't be read: {error.strerror}") from error
    except (ConfigError, KeyError, UnicodeDecodeError):
        # Neither the parser's message nor its cause: they show lines of the file.
        raise InvalidInput(
            f"credentials file {path} must have aws_access_key_id and aws_secret_access_key under [{profile}]"
        ) from None
    if "aws_session_token" in found:
        read["session_token"] = found["aws_session_token"]
    return read


def _check(store: "ObjectStore", name: str) -> None:
    """Asks for what isn't there: who answers that has the bucket, and lets the caller in."""
    try:
        obstore.get(store, NOWHERE)
    except FAILURES as error:
        if code(error) & LOST:
            raise NotFound(f"there is no {name}: make the bucket; its name or its server may be wrong too") from error
        if code(error) & CALLERS_FAULT or isinstance(error, PermissionDeniedError | UnauthenticatedError):
            allowed = "reading, writing, deleting and listing must be allowed"
            raise InvalidInput(f"{name} refuses these credentials ({cause(error)}); {allowed}") from error
        if not isinstance(translated(error, name), NotFound):
            role = f" (no credentials are set, so this machine's role was asked for at {_ROLES})"
            hint = role if _ROLES in str(error) else ""
            raise Unavailable(f"{name} doesn't answer: {cause(error)}{hint}") from error
