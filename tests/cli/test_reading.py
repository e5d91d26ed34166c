"""Commands that read: JSON for machines, filters, errors."""

from madseg.v1 import selector_pb2
from tests.cli.terminal import Terminal
from tests.client.canned import image_id
from tests.client.running import Running


def test_contests_are_one_document(madseg: Terminal) -> None:
    """With versions as name/number."""
    assert madseg("contests", "--json").json[1] == {
        "target": "ours/2",
        "competitor": "theirs/1",
        "state": "filling",
        "compared": 12000,
        "failed": 0,
        "missing": 345,
    }


def test_the_overview_is_one_document(madseg: Terminal) -> None:
    """One summary per ranking; an empty one has no top."""
    found = madseg("rankings", "--json").json
    assert len(found) == 8
    assert found[-1]["top_discrepancy"] is None
    assert found[0]["key"] == {"target": "ours/2", "competitor": "others/1", "defender": "target", "class_name": "bus"}


def test_entries_are_lines(madseg: Terminal) -> None:
    """One object an image, each with the name of its ranking."""
    found = madseg("rankings", "--class", "bus", "--competitor", "theirs", "--top", 2, "--json").lines
    assert [(item["defender"], item["rank"]) for item in found] == [
        ("target", 1),
        ("target", 2),
        ("competitor", 1),
        ("competitor", 2),
    ]
    assert found[0]["captured_at"] == "2026-03-14T01:00:00+00:00"


def test_filters_reach_the_server(madseg: Terminal, services: Running) -> None:
    """Source, tags and times; a time without zone is local."""
    madseg("rankings", "--class", "bus", "--source", "door", "--tag", "k=v", "--since", "2026-03-01")
    asked = services.selector.asked[-1]
    assert isinstance(asked, selector_pb2.ListRankingEntriesRequest)
    assert (asked.filter.source, dict(asked.filter.tags)) == ("door", {"k": "v"})
    assert asked.filter.captured_from.ToJsonString() == "2026-03-01T00:00:00Z"


def test_filters_need_a_class(madseg: Terminal) -> None:
    """The overview counts all images; a filter that has no effect would be a lie."""
    answer = madseg("rankings", "--source", "door")
    assert (answer.code, answer.out) == (2, "")
    assert "add --class" in answer.err


def test_a_difference_is_one_document(madseg: Terminal, services: Running) -> None:
    """With all images, and the options taken along."""
    words = "diff ours/1 ours/2 --per-ranking 7 --source door --allow-incomplete --keep-near-duplicates --json"
    found = madseg(*words.split()).json
    assert [len(found[name]) for name in ("entered", "left", "stayed", "classes")] == [3, 1, 1, 2]
    asked = services.selector.asked[-1]
    assert isinstance(asked, selector_pb2.DiffCandidatesRequest)
    assert (asked.per_ranking, asked.filter.source) == (7, "door")
    assert (asked.allow_incomplete, asked.keep_near_duplicates) == (True, True)


def test_watching_in_json_is_a_line_per_change(madseg: Terminal) -> None:
    """With the revision that it stands on."""
    words = "rankings --class bus --competitor theirs --defender target --watch --json"
    assert [(item["revision"], len(item["entries"])) for item in madseg(*words.split()).lines] == [(7, 1), (8, 2)]


def test_watching_needs_one_ranking(madseg: Terminal) -> None:
    """Else the message says what to add."""
    answer = madseg("rankings", "--class", "bus", "--watch")
    assert answer.code == 2
    assert "add --class, --competitor and --defender" in answer.err


def test_the_matrix_is_one_document(madseg: Terminal) -> None:
    """A cell per ranking."""
    assert len(madseg("matrix", "--json").json) == 8


def test_candidates_are_lines(madseg: Terminal) -> None:
    """A set may be long."""
    found = madseg("candidates", "list", "--limit", 2, "--json").lines
    assert [item["rank"] for item in found] == [1, 2]
    facts = ("mean_discrepancy", "perceptual_hash", "source")
    assert [tuple(item[name] for name in facts) for item in found] == [
        (0.45, None, "camera-3"),
        (0.4, (1 << 63) + 2, "camera-3"),
    ]


def test_a_set_is_counted_per_class(madseg: Terminal) -> None:
    """An image counts once for each class that chose it."""
    found = madseg("candidates", "show", "--json").json
    assert (found["per_class"], found["candidate_set"]["id"]) == ({"bus": 4}, "cut-1")


def test_a_cut_that_must_wait_says_so(madseg: Terminal) -> None:
    """The server's sentence, in one line."""
    answer = madseg("candidates", "cut")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == ("madseg: error: ours/2 against theirs/1 lacks 345 images: wait, or allow an incomplete cut\n")


def test_a_cut_takes_its_options_along(madseg: Terminal, services: Running) -> None:
    """Number, note, key and what counts."""
    words = "candidates cut --per-ranking 7 --allow-incomplete --keep-near-duplicates --key k1 --json"
    assert madseg(*words.split()).json["per_ranking"] == 7
    asked = services.selector.asked[-1]
    assert isinstance(asked, selector_pb2.CutCandidatesRequest)
    assert (asked.keep_near_duplicates, asked.idempotency_key) == (True, "k1")


def test_why_is_one_document(madseg: Terminal) -> None:
    """Ranks and reasons."""
    found = madseg("why", image_id(1).upper(), "--json").json
    assert [item["rank"] for item in found["contests"][0]["classes"]] == [3, None]


def test_half_an_id_is_wrong_usage(madseg: Terminal) -> None:
    """An id is 32 digits."""
    answer = madseg("why", "00ab")
    assert answer.code == 2
    assert answer.err == (
        "madseg: error: invalid value: an image id is 32 hexadecimal digits, got '00ab'; see `madseg why --help`\n"
    )


def test_an_unknown_image_is_an_error(madseg: Terminal) -> None:
    """With the server's sentence."""
    answer = madseg("why", image_id(77))
    assert (answer.code, answer.err) == (
        1,
        f"madseg: error: no version has said anything of image {image_id(77)}\n",
    )


def test_the_status_is_one_document(madseg: Terminal) -> None:
    """Everything that the services said."""
    found = madseg("status", "--json").json
    assert (found["intake"]["accepted"], found["selector"]["lag"], len(found["models"])) == (12345, 12, 4)
    assert found["problems"] == {}


def test_the_status_shows_who_is_down(services: Running, utc: None) -> None:
    """The others are shown all the same, and the command fails."""
    answer = Terminal({"MADSEG_INTAKE": services.address, "MADSEG_SELECTOR": "127.0.0.1:1"})("status")
    assert answer.code == 1
    assert "nothing answers at 127.0.0.1:1" in answer.out
    assert "12,345 images accepted" in answer.out


def test_models_are_one_document(madseg: Terminal) -> None:
    """With all versions."""
    assert [item["name"] for item in madseg("model", "list", "--json").json] == [
        "ours",
        "others",
        "theirs",
        "yesterday",
    ]
    assert madseg("model", "show", "ours", "--json").json["card"].startswith("name: ours")
