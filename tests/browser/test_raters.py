"""Raters and agreement, and what operators do from here."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.browser.canned import CAMPAIGN, EARLIER
from tests.browser.scenes import image_id
from tests.browser.stage import Stage
from tests.browser.windows import accessible, fits, until

Window = Callable[..., Page]


def raters(stage: Stage, window: Window, width: int = 1440) -> Page:
    """The page."""
    page = window(width)
    page.goto(f"{stage.url}/#/raters")
    expect(page.get_by_role("heading", name="What it costs")).to_be_visible()
    return page


def test_it_tells_how_raters_agree_and_what_it_costs(stage: Stage, window: Window) -> None:
    """Alpha, hours, bias, inconsistency, self-agreement; what isn't known is no number."""
    page = raters(stage, window)
    expect(page.locator(".figures > div").filter(has_text="alpha")).to_contain_text("0.71")
    expect(page.locator(".figures > div").filter(has_text="ceiling")).to_contain_text("0.874")
    expect(page.locator(".cost").first).to_contain_text("8.4 h")
    expect(page.get_by_text("81 % less work")).to_be_visible()
    careless = page.get_by_role("row").filter(has_text="linus")
    for words in ("+0.44", "mild", "0.97", "43 %", "8.4 %"):
        expect(careless).to_contain_text(words)
    expect(page.get_by_role("row").filter(has_text="tove")).to_contain_text("not known yet")


def test_names_and_reasons_stay_text(stage: Stage, window: Window) -> None:
    """Whatever people write runs nowhere."""
    stage.marked = "<script>alert(1)</script>"
    page = raters(stage, window)
    expect(page.get_by_text("linus<script>alert(1)</script>").first).to_be_visible()
    expect(page.get_by_text("<script>alert(1)</script>a drawing")).to_be_visible()


def test_vetoes_are_taken_back(stage: Stage, window: Window) -> None:
    """By operators, where they are in force."""
    page = raters(stage, window)
    expect(page.get_by_text("taken back by hopper")).to_be_visible()
    page.get_by_role("button", name="Take back").first.click()
    until(page, lambda: stage.posted(f"campaigns/{CAMPAIGN}/vetoes/revoke") == [{"image_id": image_id(60)}])


def test_reviewers_only_look(stage: Stage, window: Window) -> None:
    """They steer nothing."""
    stage.roles = ("reviewer",)
    page = raters(stage, window)
    expect(page.get_by_text("None of our classes")).to_be_visible()
    expect(page.get_by_role("button", name="Take back")).to_have_count(0)
    expect(page.get_by_role("heading", name="Steer")).to_have_count(0)


def test_opinions_are_shown_when_asked_for(stage: Stage, window: Window) -> None:
    """Lowest first."""
    page = raters(stage, window, 900)
    page.get_by_role("button", name="Show them").click()
    expect(page.get_by_label("Images with the lowest mean opinion").get_by_role("listitem").first).to_contain_text(
        "1.00 ± 0.60"
    )
    fits(page)
    accessible(page)


def test_opening_a_campaign_by_keyboard(stage: Stage, window: Window) -> None:
    """A plan with the defaults, changed where one wants."""
    page = raters(stage, window)
    button = page.get_by_role("button", name="Open a campaign")
    expect(button).to_be_enabled()  # there are candidates
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Open a campaign")
    accessible(page)
    dialog.get_by_label("Raters per image").press("ControlOrMeta+a")
    page.keyboard.type("5")
    dialog.get_by_label("Adaptive").press(" ")
    dialog.get_by_label("Note").fill("second round")
    page.keyboard.press("Enter")
    expect(dialog).to_have_count(0)
    (sent,) = stage.posted("campaigns")
    assert (sent["plan"]["raters"], sent["plan"]["counterexamples"], sent["plan"]["adaptive"]) == (5, 100, True)
    assert sent["note"] == "second round"
    assert len(sent["idempotency_key"]) == 32


def test_every_campaign_can_be_picked(stage: Stage, window: Window) -> None:
    """Those on later pages of the list too."""
    stage.earlier = True
    page = raters(stage, window)
    campaigns = page.locator("label").filter(has_text="Campaign").locator("select")
    expect(campaigns.locator("option")).to_have_count(2)
    campaigns.select_option(index=1)
    expect(page).to_have_url(f"{stage.url}/#/raters/{EARLIER}")
    expect(campaigns).to_have_value(EARLIER)


def test_a_small_m_is_proposed_small_sets(stage: Stage, window: Window) -> None:
    """Of 60 images not 100 come into S; of a large M the paper's numbers do."""
    stage.candidates = [60, 1186]
    page = raters(stage, window, 900)
    page.get_by_role("button", name="Open a campaign").click()
    dialog = page.get_by_role("dialog", name="Open a campaign")

    def proposed() -> list[str]:
        labels = ("Images of S", "Images reserved for T", "Images of T reported")
        return [dialog.get_by_label(label).input_value() for label in labels]

    assert proposed() == ["20", "7", "6"]
    dialog.get_by_label("Candidates").select_option(index=1)
    until(page, lambda: proposed() == ["100", "40", "30"])


def test_choosing_asks_first(stage: Stage, window: Window) -> None:
    """No, then yes."""
    page = raters(stage, window)
    page.get_by_label("Leave out images").check()
    page.get_by_role("button", name="Choose").click()
    page.get_by_role("button", name="No", exact=True).click()
    page.get_by_role("button", name="Choose").click()
    assert stage.posted(f"campaigns/{CAMPAIGN}/choose") == []
    page.get_by_role("button", name="Yes, choose").click()
    until(page, lambda: stage.posted(f"campaigns/{CAMPAIGN}/choose") == [{"allow_incomplete": True}])


def test_what_was_chosen_and_masks_of_it(stage: Stage, window: Window) -> None:
    """S, T, who just missed; tasks for two annotators."""
    stage.campaign_state = "closed"
    page = raters(stage, window)
    chosen = page.get_by_label("Chosen images").get_by_role("listitem")
    expect(chosen).to_have_count(100)
    page.get_by_text("Test set T (30)").click()
    expect(chosen).to_have_count(30)
    accessible(page)
    page.get_by_label("Annotators").fill("linus, grace,")
    page.get_by_role("button", name="Make tasks").click()
    expect(page.get_by_text("100 tasks made.")).to_be_visible()
    assert stage.posted(f"campaigns/{CAMPAIGN}/mask-tasks") == [
        {"annotators": ["linus", "grace"], "double_share": 0.05}
    ]


def test_cutting_the_candidates(stage: Stage, window: Window) -> None:
    """From an empty page."""
    stage.empty = True
    page = window(390, "dark")
    page.goto(f"{stage.url}/#/raters")
    page.get_by_label("Images per ranking").fill("10")
    page.get_by_role("button", name="Cut", exact=True).click()
    expect(page.get_by_text("1,186 images cut.")).to_be_visible()
    assert stage.posted("candidate-sets") == [{"per_ranking": 10, "note": ""}]
    fits(page)
