"""Numbers and times as words."""

from datetime import datetime


def signed(value: float) -> str:
    """A difference with its sign, three decimals; nothing has none."""
    digits = f"{abs(value):.3f}"
    return digits if not float(digits) else f"{'−' if value < 0 else '+'}{digits}"


def day(at: datetime) -> str:
    """A moment in one line of a table."""
    return f"{at:%Y-%m-%d %H:%M}"


def moment(at: datetime | None) -> str:
    """A moment as markup; a dash where it isn't known."""
    return "–" if at is None else f'<time datetime="{at.isoformat()}">{at:%d %B %Y, %H:%M %Z}</time>'


def length(seconds: float) -> str:
    """How long something took."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h" if seconds < 172800 else f"{seconds / 86400:.1f} days"
