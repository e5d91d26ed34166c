"""The pages on the real services: the whole way of M, roles, tokens that end, and services that are killed at work."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from madseg.client import CampaignPlan, InvalidArgument
from madseg.client.values.masks import MaskPurpose, MaskTaskState
from madseg.core.label_map import decode
from madseg.security.access import Role, remove_token
from tests.browser.deployment import IMAGES, MORE, Deployment
from tests.browser.windows import accessible, fits, until

pytest.importorskip("onnxruntime", reason="pip install 'madseg[predictor]'")

Window = Callable[..., Page]
AWAY = "ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|ERR_SOCKET|503"
"""What a browser says of a server that was killed or is just starting."""
SIGNED_OUT = "401"
WATER = 4


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """The services, for all tests of this file."""
    with Deployment(tmp_path_factory.mktemp("real")) as deployment:
        yield deployment


def middle(page: Page) -> tuple[float, float]:
    """Of the picture that is drawn or reviewed."""
    box = page.locator(".board").bounding_box()
    assert box is not None
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def stroke(page: Page, down: int = 0) -> None:
    """To the right from the middle, or from below it."""
    x, y = middle(page)
    page.mouse.move(x, y + down)
    page.mouse.down()
    page.mouse.move(x + 30, y + down, steps=3)
    page.mouse.up()


def saved(page: Page, revision: int) -> None:
    """Waits for a revision to be acknowledged."""
    expect(page.locator(".save-state")).to_contain_text(f"revision {revision}")
    expect(page.locator(".save-state")).to_contain_text("Saved")


def begun(page: Page, start: str) -> None:
    """From the map of a key, with water on the brush."""
    expect(page.get_by_role("dialog", name="Begin from")).to_be_visible()
    page.keyboard.press(start)
    expect(page.get_by_role("dialog")).to_have_count(0)
    saved(page, 1)
    page.keyboard.press(str(WATER))


def test_the_whole_way(real: Deployment, window: Window) -> None:
    """From images that stream in to a mask that was sent back, mended and accepted."""
    for name, role in (("opal", Role.OPERATOR), ("rita", Role.RATER), ("anna", Role.ANNOTATOR), ("rev", Role.REVIEWER)):
        real.add(name, role)
    _look(real, real.sign_in(window(), "opal"))
    operator = real.sign_in(window(), "opal", "raters")
    _open_campaign(operator)
    _score(real, real.sign_in(window(), "rita", "score"))
    _choose(operator)
    _draw_and_review(real, real.sign_in(window(), "anna", "draw"), real.sign_in(window(900, "dark"), "rev", "review"))


def _look(real: Deployment, page: Page) -> None:
    """The overview is live; from the matrix to a closer look at an image."""
    images = page.locator(".figures > div").filter(has_text="images").first
    expect(images).to_contain_text(str(real.client.selector_status().images))
    real.more_images()
    expect(images).to_contain_text(str(IMAGES + MORE))
    page.get_by_role("link", name="Rankings").click()
    expect(page.get_by_role("heading", name="Where to look first")).to_be_visible()
    page.locator("table a").first.click()
    page.get_by_role("button", name="Look closer at number 1,").click()
    expect(page.get_by_role("dialog")).to_contain_text("Why it is here")
    expect(page.get_by_role("dialog")).to_contain_text("unet/1 sees")
    accessible(page)


def _open_campaign(page: Page) -> None:
    page.get_by_label("Images per ranking").fill("1")
    page.get_by_role("button", name="Cut", exact=True).click()
    expect(page.get_by_text("images cut.")).to_be_visible()
    page.get_by_role("button", name="Open a campaign").click()
    dialog = page.get_by_role("dialog", name="Open a campaign")
    plan = {"Raters per image": 1, "Images of S": 3, "Images reserved for T": 2, "Images of T reported": 1}
    for label, value in plan.items():
        dialog.get_by_label(label).fill(str(value))
    dialog.get_by_label("Note").fill("the whole way")
    dialog.get_by_role("button", name="Open it").click()
    expect(page.get_by_text("the whole way", exact=True)).to_be_visible()


def _score(real: Deployment, page: Page) -> None:
    """Grades, a veto, undo, until nothing is left."""
    shown = page.locator(".viewing:not(.blank)")
    expect(shown).to_be_visible()
    fits(page)
    accessible(page)
    page.keyboard.press("x")
    expect(page.get_by_role("dialog", name="Veto")).to_be_visible()
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("1 of")).to_be_visible()
    page.keyboard.press("5")
    expect(page.get_by_text("2 of")).to_be_visible()
    expect(shown).to_be_visible()
    page.keyboard.press("z")
    expect(page.get_by_text("1 of")).to_be_visible()
    for turn in range(200):
        if page.get_by_text("all for you now").is_visible():
            break
        if shown.is_visible():
            page.keyboard.press(str(1 + turn % 4))
        page.wait_for_timeout(40)
    campaign = real.client.campaign()
    expect(page.get_by_text("Others are at the rest")).to_have_count(0)
    assert (campaign.state.value, campaign.vetoed, campaign.grades) == ("scored", 1, campaign.images - 1)
    assert all(item.mean != 5 for item in real.client.opinions(campaign.id))


def _choose(page: Page) -> None:
    """S and T, and a task for each of their images."""
    expect(page.get_by_text("ready to be chosen")).to_be_visible()
    page.get_by_role("button", name="Choose").click()
    page.get_by_role("button", name="Yes, choose").click()
    expect(page.get_by_label("Chosen images").get_by_role("listitem")).to_have_count(3)
    page.reload()
    expect(page.get_by_text("None of our classes")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="rita")).to_be_visible()
    fits(page)
    accessible(page)
    page.get_by_label("Annotators").fill("anna")
    page.get_by_label("Drawn twice").fill("0")
    page.get_by_role("button", name="Make tasks").click()
    expect(page.get_by_text("5 tasks made.")).to_be_visible()


def _draw_and_review(real: Deployment, drawing: Page, reviewing: Page) -> None:
    begun(drawing, "t")
    task = next(item for item in real.client.mask_tasks(state=MaskTaskState.DRAWING) if item.annotator == "anna")
    maps = {str(stored.version): stored.label_map for stored in real.client.label_maps(task.image_id)}
    assert np.array_equal(real.pixels(task.id, 1), decode(maps[str(task.target)]).dense())
    stroke(drawing)
    saved(drawing, 2)
    row, column = real.pixels(task.id).shape
    assert real.pixels(task.id)[row // 2, column // 2] == WATER
    drawing.keyboard.press("Control+Enter")
    expect(drawing.get_by_text("Handed in for review.")).to_be_visible()

    expect(reviewing.get_by_role("heading", name="Review")).to_be_visible()
    if not reviewing.get_by_text("drawn by anna").is_visible():
        reviewing.get_by_role("button", name="Look again").click()
    expect(reviewing.get_by_text("Revision 2 of 2 by anna")).to_be_visible()
    reviewing.mouse.click(*middle(reviewing))
    dialog = reviewing.get_by_role("dialog", name="What is wrong here?")
    dialog.get_by_label("Type").select_option("extra")
    dialog.get_by_label("In words").fill("no <b>water</b>")
    dialog.get_by_role("button", name="Pin").click()
    expect(reviewing.get_by_role("button", name="Finding 1: Not there, open")).to_be_visible()
    fits(reviewing)
    accessible(reviewing)
    reviewing.keyboard.press("b")
    reviewing.get_by_role("dialog").get_by_role("button", name="Send back").click()
    expect(reviewing.get_by_text("There is nothing to review now")).to_be_visible()

    drawing.goto(f"{real.url}/#/draw/{task.id}")
    expect(drawing.get_by_text("no <b>water</b>")).to_be_visible()
    fits(drawing)
    accessible(drawing)
    drawing.keyboard.press("0")
    stroke(drawing, 8)
    saved(drawing, 3)
    drawing.get_by_role("button", name="Mended: finding 1").click()
    drawing.get_by_role("button", name="Hand in").click()
    until(drawing, lambda: real.client.mask_task(task.id).state is MaskTaskState.SUBMITTED)

    reviewing.get_by_role("button", name="Look again").click()
    reviewing.get_by_role("button", name="Settle: finding 1").click()
    reviewing.get_by_role("button", name="Accept", exact=True).click()
    reviewing.get_by_role("dialog").get_by_role("button", name="Accept").click()
    until(reviewing, lambda: real.client.mask_task(task.id).state is MaskTaskState.ACCEPTED)
    assert real.pixels(task.id)[row // 2, column // 2] == 0


def test_the_pages_reach_every_service(real: Deployment, window: Window) -> None:
    """Fine-tuning and rounds too, of which there is none yet."""
    real.add("ona", Role.OPERATOR)
    page = real.sign_in(window(), "ona")
    parts = page.get_by_role("listitem")
    for name in ("gateway", "selector", "models", "labelling", "finetune", "rounds"):
        expect(parts.filter(has=page.get_by_text(name, exact=True)).get_by_text("running", exact=True)).to_be_visible()


def test_a_rater_gets_no_rankings(real: Deployment, window: Window) -> None:
    """Neither the page nor what it stands on."""
    real.add("ruth", Role.RATER)
    page = real.sign_in(window(900, expected="403"), "ruth", "rankings")
    expect(page.get_by_text("Rankings takes another role")).to_be_visible()
    expect(page.get_by_role("navigation").get_by_role("link", name="Rankings")).to_have_count(0)
    accessible(page)
    paths = ("matrix", "mask-tasks", "candidate-sets")
    asked = "(path) => fetch(`/api/${path}`).then((answer) => answer.status)"
    assert [page.evaluate(asked, path) for path in paths] == [403, 403, 403]


def test_a_link_signs_in_once_it_is_whole(real: Deployment, window: Window) -> None:
    """The token leaves the address; a link of nobody says so; a link pasted over a page changes who one is."""
    real.add("lin", Role.RATER)
    real.add("max", Role.ANNOTATOR)
    page = window(390, "dark", expected=SIGNED_OUT)
    page.goto(f"{real.url}/#/sign-in/{real.tokens['lin'][:-1]}")
    expect(page.get_by_role("alert")).to_contain_text("not all of the link was copied")
    accessible(page)
    for name in ("lin", "max"):
        real.sign_in(page, name)
        expect(page).to_have_url(f"{real.url}/#/overview")
    page.go_back()
    assert real.tokens["max"] not in page.url


def test_a_token_that_is_removed_ends_the_session(real: Deployment, window: Window) -> None:
    """Without a click; whoever signs in again goes on."""
    real.add("tom", Role.RATER)
    page = real.sign_in(window(expected=SIGNED_OUT), "tom")
    expect(page.get_by_text("live", exact=True)).to_be_visible()
    remove_token(real.state / "tokens.json", "tom")
    dialog = page.get_by_role("dialog", name="Sign in again")
    expect(dialog).to_be_visible(timeout=20_000)
    real.add("tom", Role.RATER)
    dialog.get_by_label("Token").fill(real.tokens["tom"])
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    expect(page.get_by_text("live", exact=True)).to_be_visible()


def test_a_kill_while_scoring_loses_no_judgement(real: Deployment, window: Window) -> None:
    """Each counts once, whether it was acknowledged, under way or given while the services were away."""
    real.add("kim", Role.RATER)
    chosen = real.client.cut_candidates(per_ranking=1)
    # Grades of other campaigns are carried over, so that one rater may have nothing left to do.
    plan = CampaignPlan(raters=3, counterexamples=2, test_reserved=1, test_reported=1, repeat_share=0)
    campaign = real.client.create_campaign(chosen.id, plan, note="killed")
    page = real.sign_in(window(expected=AWAY), "kim", f"score/{campaign.id}")
    given = []

    def judge(grade: str) -> None:
        expect(page.locator(".viewing:not(.blank)")).to_be_visible()
        page.keyboard.press(grade)
        given.append(int(grade))

    for grade in "123":
        judge(grade)
    expect(page.get_by_text("3 of")).to_be_visible()
    page.wait_for_timeout(500)  # some are loaded ahead
    page.keyboard.press("4")
    real.kill()
    given.append(4)
    judge("3")
    expect(page.get_by_text("Not connected.")).to_be_visible()
    expect(page.get_by_text("kept here")).to_be_visible()
    judge("1")
    real.restart()
    until(page, lambda: _of_kim(real, campaign.id) == (len(given), sum(given)), 20)
    expect(page.get_by_text("Not connected.")).to_have_count(0)
    for grade in "24":
        judge(grade)
    until(page, lambda: _of_kim(real, campaign.id) == (len(given), sum(given)), 20)


def _of_kim(real: Deployment, campaign_id: str) -> tuple[int, float]:
    """How many grades the services have of kim, and their sum."""
    found = [item for item in real.client.agreement(campaign_id).raters if item.rater == "kim"]
    return sum(item.grades for item in found), sum(round(item.grades * (item.mean_grade or 0)) for item in found)


def _add_tasks(real: Deployment, campaign: str, count: int) -> None:
    """Of the last images that may be learned from: which are in the random lane, or of a T, is chance."""
    for image in reversed(real.image_ids):
        with suppress(InvalidArgument):
            real.client.add_mask_tasks([image], MaskPurpose.COUNTEREXAMPLE, campaign_id=campaign)
            count -= 1
        if not count:
            return
    raise AssertionError("all images are in the random lane or of a T")


def test_a_kill_while_drawing_loses_no_revision(real: Deployment, window: Window) -> None:
    """What was acknowledged stays as it was; what was drawn since follows it."""
    real.add("dan", Role.ANNOTATOR)
    plan = CampaignPlan(raters=1, counterexamples=1, test_reserved=0, test_reported=0)
    campaign = real.client.create_campaign(real.client.cut_candidates(per_ranking=1).id, plan, note="drawn")
    real.client.choose_sets(campaign.id, allow_incomplete=True)
    _add_tasks(real, campaign.id, 3)
    task = next(item for item in real.client.mask_tasks(state=MaskTaskState.WAITING) if not item.annotator)
    page = real.sign_in(window(expected=AWAY), "dan", f"draw/{task.id}")
    begun(page, "m")
    stroke(page)
    saved(page, 2)
    acknowledged = [real.pixels(task.id, number) for number in (1, 2)]
    stroke(page, 60)
    real.kill()
    expect(page.locator(".save-state")).to_contain_text("Kept here")
    stroke(page, 120)
    real.restart()
    expect(page.locator(".save-state")).to_contain_text("Saved", timeout=40_000)
    task = real.client.mask_task(task.id)
    assert task.revision > len(acknowledged)
    assert all(np.array_equal(kept, real.pixels(task.id, at)) for at, kept in enumerate(acknowledged, 1))
    column = real.pixels(task.id)[:, task.size.width // 2]
    assert np.count_nonzero(column == WATER) > np.count_nonzero(acknowledged[-1][:, task.size.width // 2] == WATER)
