"""What a kafka:// URL may say."""

from pathlib import Path

import pytest

from madseg.adapters.streams import open_stream
from madseg.adapters.streams.kafka_url import Options, parse
from madseg.core.errors import InvalidInput, Unavailable


def test_brokers_and_options_are_read() -> None:
    """Several brokers; numbers, texts and truths."""
    place = parse(
        "kafka://one:9092,[::1]:9093?replication=3&min_insync=2&compression=zstd&instance=pod-0&tls=true&ca=c"
    )
    assert place.brokers == ("one:9092", "[::1]:9093")
    expected = Options(replication=3, min_insync=2, compression="zstd", instance="pod-0", tls=True, ca="c")
    assert place.options == expected


def test_without_options_nothing_is_encrypted() -> None:
    """As everywhere by default."""
    settings = parse("kafka://one:9092").connecting()
    assert (settings["security_protocol"], settings["bootstrap_servers"]) == ("PLAINTEXT", ["one:9092"])
    assert not [name for name in settings if name.startswith(("sasl", "ssl"))]


def test_the_password_is_read_from_its_file_and_stands_nowhere_else(tmp_path: Path) -> None:
    """Neither in the URL nor in what is known of it, which is logged."""
    file = tmp_path / "password"
    file.write_text("hush\n")
    place = parse(f"kafka://one:9092?mechanism=SCRAM-SHA-512&user=madseg&password_file={file}&tls=true")
    settings = place.connecting()
    assert (settings["security_protocol"], settings["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (settings["sasl_plain_username"], settings["sasl_plain_password"]) == ("madseg", "hush")
    assert "hush" not in repr(place)
    file.unlink()
    with pytest.raises(Unavailable, match="password"):
        place.connecting()


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("kafka://", "kafka://host:9092"),
        ("kafka://host", "host:port"),
        ("kafka://host:9092/topic", "kafka://host:9092"),
        ("kafka://host:9092?frob=1", "no option 'frob'"),
        ("kafka://host:9092?replication=three", "must be a number"),
        ("kafka://host:9092?replication=-1", "replication"),
        ("kafka://host:9092?session_seconds=nan", "session_seconds"),
        ("kafka://host:9092?publish_seconds=0", "publish_seconds"),
        ("kafka://host:9092?compression=gzip", "lz4, zstd, none"),
        ("kafka://host:9092?tls=yes", "true or false"),
        ("kafka://host:9092?ca=ca.pem", "tls=true"),
        ("kafka://host:9092?instance=a b", "instance"),
        ("kafka://host:9092?mechanism=GSSAPI", "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512"),
        ("kafka://host:9092?mechanism=PLAIN&user=me", "password_file"),
    ],
)
def test_what_can_not_be_is_refused(url: str, part: str) -> None:
    """Before anybody is asked, with what is wrong."""
    with pytest.raises(InvalidInput, match=part):
        open_stream(url)


def test_a_password_in_the_url_is_refused_and_not_repeated() -> None:
    """It would stand in every log."""
    with pytest.raises(InvalidInput, match="password_file") as refused:
        open_stream("kafka://me:hush@host:9092")
    assert "hush" not in str(refused.value)
