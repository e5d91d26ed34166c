"""Object stores by URL: what is refused before anything is asked for."""

from pathlib import Path

import pytest

from madseg.adapters.blobs import open_blobs
from madseg.adapters.blobs.stores import open_store
from madseg.core.errors import InvalidInput, Unavailable

SECRET = "s3cr3t%value"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("s3://", "no bucket is named: write s3://bucket/prefix"),
        ("gs:///prefix", "no bucket is named: write gs://bucket/prefix"),
        (f"s3://key:{SECRET}@bucket", "s3:// URLs hold no password"),
        ("s3://bucket?regoin=x", "s3://bucket has options credentials, endpoint, region, not regoin"),
        ("az://container?region=x", "az://container has options account, endpoint, not region"),
    ],
)
def test_a_url_that_is_not_right_is_refused(url: str, said: str) -> None:
    """With what it should be, and without its password."""
    with pytest.raises(InvalidInput) as caught:
        open_blobs(url)
    assert said in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("url", ["file:somewhere", "bucket/prefix", "https://bucket.example"])
def test_only_object_stores_are_object_stores(url: str) -> None:
    """For those who want one."""
    with pytest.raises(InvalidInput, match="s3://bucket/prefix, gs://"):
        open_store(url)


@pytest.mark.parametrize(
    "content",
    [
        "",
        f"[other]\naws_access_key_id = k\naws_secret_access_key = {SECRET}\n",
        f"[default]\naws_secret_access_key = {SECRET}\n",
        f"aws_secret_access_key = {SECRET}\n",
        f"[default]\n{SECRET}\n",
    ],
)
def test_a_credentials_file_that_is_none_is_refused(tmp_path: Path, content: str) -> None:
    """What it should have is said, and nothing of what it has."""
    path = tmp_path / "credentials"
    path.write_text(content)
    with pytest.raises(InvalidInput, match=r"must have aws_access_key_id .* under \[default\]") as caught:
        open_blobs(f"s3://bucket?credentials={path}")
    assert SECRET not in str(caught.value)
    path.unlink()
    with pytest.raises(InvalidInput, match="can't be read: No such file"):
        open_blobs(f"s3://bucket?credentials={path}")


def test_the_profile_is_aws_profile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for AWS's own tools; the store is then asked for, and nobody is there."""
    path = tmp_path / "credentials"
    path.write_text(f"[other]\naws_access_key_id = k\naws_secret_access_key = {SECRET}\naws_session_token = t\n")
    monkeypatch.setenv("AWS_PROFILE", "other")
    with pytest.raises(Unavailable, match="s3://bucket/prefix doesn't answer"):
        open_blobs(f"s3://bucket/prefix/?endpoint=http://127.0.0.1:1&region=us-east-1&credentials={path}")


def test_google_and_azure_are_asked_with_their_own_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the endpoint that is given; nobody is there either."""
    monkeypatch.setenv("GOOGLE_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0")
    for url in ("gs://bucket/p?endpoint=http://127.0.0.1:1", "az://c/p?account=a&endpoint=http://127.0.0.1:1/a"):
        with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1:1/(bucket|a/c)/p(/|%2F)madseg"):
            open_blobs(url)


def test_a_key_that_is_none_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azure's keys are base64."""
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", SECRET)
    with pytest.raises(InvalidInput, match="az://c can't be opened") as caught:
        open_blobs("az://c?account=a")
    assert SECRET not in str(caught.value)
