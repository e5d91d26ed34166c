"""What the selector shows to Prometheus, read from its tables at a scrape: images, contests, what is missing."""

from collections import Counter
from collections.abc import Iterator

from madseg.observing.readings import Figure, Reading
from madseg.ports import Database
from madseg.selector.contests import State, progress, tallies
from madseg.selector.criteria import Criteria
from madseg.selector.layout import load_layout

KNOWN = Figure("madseg_selector_images_known", "Images that are known, over all selectors")
CONTESTS = Figure("madseg_selector_contests", "Contests by their state", ("state",))
MISSING = Figure(
    "madseg_selector_images_missing", "Images that lack a prediction in the contest that lacks most, retired ones aside"
)

FIGURES = (KNOWN, CONTESTS, MISSING)


def figures(database: Database, criteria: Criteria) -> Iterator[Reading]:
    """All of them from one snapshot."""
    with database.snapshot() as tx:
        counts = tallies(tx)
        contests = progress(load_layout(tx, criteria), counts)
    yield KNOWN.at(sum(images for _, _, images in counts))
    states = Counter(contest.state for contest in contests)
    yield from (CONTESTS.at(states[state], state.value) for state in State)
    yield MISSING.at(max((item.missing for item in contests if item.state is not State.RETIRED), default=0))
