"""Rounds: what goes on and whom it waits for, what came of it, and what operators do."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.stage import Stage
from tests.browser.stage_rounds import ROUNDS, RUN
from tests.browser.windows import accessible, fits, focused, until

Window = Callable[..., Page]
FIRST, REFUSED, NOW = ROUNDS


def rounds(stage: Stage, window: Window, width: int = 1440) -> Page:
    """The page of all rounds."""
    page = window(width)
    page.goto(f"{stage.url}/#/rounds")
    expect(page.get_by_role("heading", name="All rounds")).to_be_visible()
    return page


def one(stage: Stage, window: Window, number: str, width: int = 1440) -> Page:
    """The page of one round."""
    page = window(width)
    page.goto(f"{stage.url}/#/rounds/{number}")
    expect(page.get_by_role("heading", name="Round", level=1)).to_be_visible()
    return page


def test_it_says_who_has_to_do_what(stage: Stage, window: Window) -> None:
    """With the way to the page where it is done, for those who may."""
    page = rounds(stage, window)
    expect(page.get_by_role("progressbar", name="Draw: how far it is")).to_have_attribute("aria-valuenow", "36")
    duties = page.get_by_label("Who has to do what now").get_by_role("listitem")
    expect(duties).to_have_count(2)
    expect(page.get_by_text("9 masks wait for a reviewer")).to_be_visible()
    duties.filter(has_text="Annotators").get_by_role("link").click()
    expect(page).to_have_url(f"{stage.url}/#/draw")
    stage.roles = ("rater",)
    page = rounds(stage, window)
    duties = page.get_by_label("Who has to do what now").get_by_role("listitem")
    expect(duties.filter(has_text="Annotators")).to_have_count(1)
    expect(duties.get_by_role("link")).to_have_count(0)
    expect(page.get_by_role("heading", name="What the versions are worth")).to_have_count(0)
    expect(page.get_by_role("button", name="Start a round")).to_have_count(0)


@pytest.mark.parametrize(
    ("step", "words"),
    [
        ("mining", "madseg compares images"),
        ("scoring", "Raters grade the images of M"),
        ("evaluating", "madseg holds every version against T"),
        ("training", "madseg trains the new version"),
        ("replaying", "madseg replays the history"),
    ],
)
def test_every_step_says_whom_it_waits_for(stage: Stage, window: Window, step: str, words: str) -> None:
    """And its notes stay text."""
    stage.rounds.step = step
    page = rounds(stage, window, 390)
    expect(page.get_by_label("Who has to do what now")).to_contain_text(words)
    expect(page.get_by_text(f"{step} <b>goes on</b>")).to_be_visible()
    expect(page.locator('[aria-current="step"]')).to_have_count(1)
    fits(page)


def test_it_is_live(stage: Stage, window: Window) -> None:
    """Masks are accepted, then the round ends; nobody reloads the page."""
    page = rounds(stage, window)
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    stage.rounds.done = 77
    expect(page.get_by_text("77 of 142 masks")).to_be_visible()
    stage.rounds.step, stage.rounds.outcome = "ended", "failed"
    expect(page.get_by_role("row").filter(has_text="Round 3")).to_contain_text("failed")
    expect(page.get_by_label("Who has to do what now")).to_have_count(0)


def test_figures_of_t_are_called_adversarial(stage: Stage, window: Window) -> None:
    """Intervals, tie groups, and who was trained on the set's images."""
    page = rounds(stage, window)
    head = page.get_by_role("columnheader", name="T(1)")
    expect(head).to_contain_text("adversarial to ours/2")
    expect(page.get_by_role("columnheader", name="Random lane")).to_contain_text("the honest sample")
    expect(page.get_by_text("are no version’s accuracy")).to_be_visible()
    row = (
        page.get_by_role("region", name="Versions by test set")
        .locator("tbody")
        .get_by_role("row")
        .filter(has_text="ours/3")
    )
    for words in ("0.371†", "0.298 – 0.444", "0.583", "a"):
        expect(row).to_contain_text(words)
    gains = page.get_by_role("region", name="Each version against").get_by_role("row")
    expect(gains.nth(1)).to_contain_text("< 0.001")
    expect(gains.nth(2)).to_contain_text("+0.035")
    expect(gains.nth(2).locator(".better")).to_have_count(1)
    expect(gains.nth(3).locator(".better")).to_have_count(0)
    expect(page.get_by_role("img", name="Rank correlation")).to_be_visible()


def test_starting_a_round_by_keyboard(stage: Stage, window: Window) -> None:
    """What was planned last is proposed; what there is no field for is kept."""
    page = rounds(stage, window)
    page.keyboard.press("n")
    dialog = page.get_by_role("dialog", name="Start a round")
    expect(dialog.get_by_label("Folder of T0")).to_have_value("/data/t0")
    accessible(page)
    dialog.get_by_label("Images per ranking").press("ControlOrMeta+a")
    page.keyboard.type("10")
    dialog.get_by_label("Evaluate only").press(" ")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url(f"{stage.url}/#/rounds/{NOW}")
    (sent,) = stage.posted("rounds")
    plan = sent["plan"]
    assert (plan["per_ranking"], plan["evaluate_only"], plan["annotators"]) == (10, True, ["linus", "tove"])
    assert (plan["training"]["changes"], plan["training"]["seed"]) == ({"epochs": 12}, 7)
    assert (plan["campaign"]["seed"], plan["campaign"]["raters"]) == (7, 3)
    assert len(sent["idempotency_key"]) == 32
    assert not {"target", "campaign_ids", "promote"} & set(plan["training"])


def test_a_round_that_cant_be_says_why(stage: Stage, window: Window) -> None:
    """In the form, which stays; a second try has the same key."""
    page = window(390, "dark", expected="400")
    page.goto(f"{stage.url}/#/rounds")
    page.get_by_role("button", name="Start a round").click()
    dialog = page.get_by_role("dialog", name="Start a round")
    dialog.get_by_label("Folder of T0").fill("")
    dialog.get_by_role("button", name="Start it").click()
    expect(dialog.get_by_role("alert")).to_contain_text("T0 must be a folder")
    accessible(page)
    dialog.get_by_label("Folder of T0").fill("/t0")
    dialog.get_by_role("button", name="Start it").click()
    expect(dialog).to_have_count(0)
    first, second = stage.posted("rounds")
    assert first["idempotency_key"] == second["idempotency_key"]


def test_approving_asks_first(stage: Stage, window: Window) -> None:
    """The step that waits is named, so that another one isn't let through."""
    stage.rounds.step, stage.rounds.awaits = "choosing", True
    page = rounds(stage, window)
    expect(page.get_by_label("Who has to do what now")).to_contain_text("An operator says whether T and S")
    page.get_by_label("Although images still lack judgements").check()
    page.get_by_role("button", name="Choose T and S").click()
    expect(page.get_by_role("alert")).to_contain_text("closes the campaign")
    accessible(page)
    page.get_by_role("button", name="No", exact=True).click()
    assert stage.posted(f"rounds/{NOW}/approve") == []
    page.get_by_role("button", name="Choose T and S").click()
    page.get_by_role("button", name="Yes, choose T and S").click()
    until(page, lambda: stage.posted(f"rounds/{NOW}/approve") == [{"step": "choosing", "despite": True}])


def test_cancelling_by_keyboard(stage: Stage, window: Window) -> None:
    """It asks first, too."""
    page = rounds(stage, window, 900)
    page.get_by_role("button", name="Cancel the round").focus()
    page.keyboard.press("Enter")
    assert focused(page) == "Yes, cancel the round"
    page.keyboard.press("Enter")
    until(page, lambda: stage.posted(f"rounds/{NOW}/cancel") == [{}])
    expect(page.get_by_role("row").filter(has_text="Round 3")).to_contain_text("cancelled")


def test_the_policy(stage: Stage, window: Window) -> None:
    """In words, and changed by operators."""
    page = rounds(stage, window)
    words = "A round begins once M would have 500 images or 7.0 days have passed since the last one ended, 4 times"
    expect(page.locator(".policy")).to_contain_text(words)
    page.get_by_role("button", name="Change…").click()
    dialog = page.get_by_role("dialog", name="Policy")
    accessible(page)
    dialog.get_by_label("At so many images of M").fill("0")
    dialog.get_by_label("Hours after the last").fill("12")
    dialog.get_by_label("before a new version is released").uncheck()
    dialog.get_by_role("button", name="Keep it").click()
    expect(page.locator(".policy")).to_contain_text("A round begins once 12.0 h have passed")
    (sent,) = stage.posted("policy")
    assert (sent["model"], sent["candidates"], sent["seconds"], sent["rounds"]) == ("ours", 0, 43200, 4)
    assert (sent["plan"]["approve_release"], sent["plan"]["double_share"]) == (False, 0.05)
    stage.roles = ("reviewer",)
    page = rounds(stage, window)
    expect(page.get_by_role("button", name="Change…")).to_have_count(0)


def test_without_a_target_there_is_no_policy(stage: Stage, window: Window) -> None:
    """It says why, and is no failure."""
    stage.empty = True
    page = window(900, expected="404")
    page.goto(f"{stage.url}/#/rounds")
    expect(page.get_by_text("No model is a target.")).to_be_visible()
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_round_from_its_begin_to_its_end(stage: Stage, window: Window) -> None:
    """Times, sizes, curves of each learning rate, the gate in words."""
    page = one(stage, window, FIRST)
    figures = page.locator(".figures > div")
    expect(figures.filter(has_text="candidates M")).to_contain_text("1,186")
    expect(figures.filter(has_text="test images T")).to_contain_text("40")
    expect(page.get_by_role("listitem").filter(has_text="Raters grade M.")).to_contain_text("1.6 h")
    expect(page.get_by_role("img", name="mIoU on T0-select: rate 1")).to_be_visible()
    page.locator(".curve .u-over").first.hover(position={"x": 2, "y": 40})
    expect(page.locator(".curve figcaption").first).to_contain_text("epoch 1")
    expect(page.locator(".gate").get_by_role("listitem").first).to_contain_text("99.998 %")
    expect(page.locator(".t0-change")).to_contain_text("0.561 (0.530 – 0.590) before")
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 700, "height": 900})
    expect(page.locator(".uplot")).to_have_count(5)
    fits(page)
    page.keyboard.press("Escape")
    expect(page).to_have_url(f"{stage.url}/#/rounds")


def test_training_is_live(stage: Stage, window: Window) -> None:
    """Epochs come; how long it takes yet is told."""
    stage.rounds.step, stage.rounds.run_state, stage.rounds.epochs = "training", "training", 3
    page = one(stage, window, NOW)
    expect(page.get_by_text("epoch 9 of 12, learning rate 2 of 2, 6 min left")).to_be_visible()
    expect(page.locator(".curve figcaption").first).to_contain_text("epoch 3")
    stage.rounds.epochs = 4
    expect(page.locator(".curve figcaption").first).to_contain_text("epoch 4")
    expect(page.locator(".uplot").first).to_be_visible()
    stage.rounds.run_state = "passed"
    expect(page.get_by_text("passed the gate")).to_be_visible()
    expect(page.get_by_role("button", name="Promote")).to_have_count(0)  # the round asks for it
    stage.rounds.step = "ended"
    expect(page.get_by_role("button", name="Promote", exact=True)).to_be_visible()


def test_what_training_waits_for_is_told(stage: Stage, window: Window) -> None:
    """As text, at every width, until it gets on."""
    stage.rounds.step, stage.rounds.run_state, stage.rounds.epochs = "training", "preparing", 0
    stage.rounds.waits_for = f"labelling: internal error {'5e' * 16}: see the <b>server's</b> log"
    page = one(stage, window, NOW, 390)
    expect(page.get_by_text(f"It waits: {stage.rounds.waits_for}")).to_be_visible()
    fits(page)
    accessible(page)
    stage.rounds.waits_for = ""
    expect(page.get_by_text("It waits:")).to_have_count(0)


def test_counterexamples_before_and_after(stage: Stage, window: Window) -> None:
    """Both maps and the mask are painted; more come when asked for."""
    page = one(stage, window, FIRST, 900)
    cards = page.locator(".card")
    expect(cards).to_have_count(6)
    expect(cards.first).to_contain_text("ours/2: 0.197")
    expect(cards.first).to_contain_text("ours/3: 0.695")
    expect(cards.first).to_contain_text("+0.498")
    cards.first.scroll_into_view_if_needed()
    until(
        page,
        lambda: page.evaluate(
            "[...document.querySelectorAll('.card canvas')].slice(0, 3).every((c) => c.width === 513)"
        ),
    )
    page.get_by_label("Blend of picture and map").fill("30")
    assert page.locator(".card canvas").first.evaluate("(item) => item.style.opacity") == "0.3"
    page.get_by_role("button", name="Show more").click()
    expect(cards).to_have_count(12)


def test_without_a_new_version_there_is_no_after(stage: Stage, window: Window) -> None:
    """The masks are there already."""
    page = one(stage, window, NOW, 390)
    expect(page.locator(".card").first).to_contain_text("no new version")
    fits(page)
    accessible(page)


def test_promoting_and_rolling_back_ask_first(stage: Stage, window: Window) -> None:
    """Despite the gate only admins; roll back names what goes."""
    stage.rounds.run_state = "refused"
    page = one(stage, window, REFUSED)
    expect(page.get_by_text("T0-report fell by 0.031 where 0.010 is allowed")).to_be_visible()
    page.get_by_role("button", name="Promote despite the gate").click()
    expect(page.get_by_role("alert")).to_contain_text("The gate refused this version")
    page.get_by_role("button", name="Yes, promote despite the gate").click()
    until(page, lambda: stage.posted(f"runs/{RUN}/promote") == [{"despite_gate": True}])
    page.get_by_role("button", name="Roll back").click()
    expect(page.get_by_role("alert")).to_contain_text("The version before ours/3 serves again")
    page.get_by_role("button", name="Yes, roll back").click()
    expect(page.get_by_text("ours/2 serves now.")).to_be_visible()
    assert stage.posted("models/ours/rollback") == [{"expected_newest": 3}]  # nobody else's version goes
    stage.roles, stage.rounds.run_state = ("operator",), "refused"
    page = one(stage, window, REFUSED)
    expect(page.get_by_text("T0-report fell by 0.031 where 0.010 is allowed")).to_be_visible()
    expect(page.get_by_role("button", name="Promote despite the gate")).to_have_count(0)


def test_a_report_to_send_on(stage: Stage, window: Window) -> None:
    """One file."""
    page = one(stage, window, FIRST)
    with page.expect_download() as download:
        page.get_by_role("link", name="Report to send on").click()
    assert download.value.suggested_filename == "round-1.html"


@pytest.mark.parametrize("width", [390, 1440])
def test_what_mining_can_t_find_and_who_won(stage: Stage, window: Window, width: int) -> None:
    """The random lane with its vetoes and blind failures, and the newest competition with its ranking."""
    page = one(stage, window, FIRST, width)
    pairs = page.get_by_role("region", name="Versions on the random lane")
    expect(pairs).to_contain_text("0.018")
    expect(page.get_by_text("120 images with a mask, 7 vetoed.")).to_be_visible()
    expect(page.get_by_text("No contest ranks")).to_contain_text("5 of them: 21 % (8 % – 38 %)")
    expect(page.get_by_role("region", name="Worst failures on the random lane").get_by_role("row")).to_have_count(7)
    expect(page.get_by_role("region", name="Duels").get_by_role("row")).to_have_count(4)
    expect(page.get_by_text("ours/3, strength 0.420")).to_be_visible()
    fits(page)
    accessible(page)


def test_what_fails_alone_leaves_the_rest(stage: Stage, window: Window) -> None:
    """The fine-tune service is away: the round is there all the same."""
    stage.failing = {"runs", "standings"}
    page = window(900, "dark", expected="503")
    page.goto(f"{stage.url}/#/rounds/{FIRST}")
    expect(page.get_by_text("The training couldn’t be loaded.")).to_be_visible()
    expect(page.locator(".card")).to_have_count(6)
    accessible(page)
    stage.failing = set()
    page.get_by_role("button", name="Try again").first.click()
    expect(page.locator(".gate")).to_be_visible()


def test_offline_and_back(stage: Stage, window: Window) -> None:
    """What is on the page stays, and it is live again afterwards."""
    page = window(expected="ERR_INTERNET_DISCONNECTED|503")
    page.goto(f"{stage.url}/#/rounds")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("Not connected.")).to_be_visible()
    expect(page.get_by_role("heading", name="All rounds")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("Not connected.")).to_have_count(0)
