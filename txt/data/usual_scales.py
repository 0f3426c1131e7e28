"""Names of classes that usually stand in an order, for hints: nothing is ordered by them unasked."""

from collections.abc import Sequence

_SCALES = tuple(
    tuple(each.split(", "))
    for each in (
        "none, trivial, very low, low, minor, medium, moderate, normal, "
        "high, major, very high, severe, critical, urgent",
        "very negative, negative, somewhat negative, neutral, mixed, somewhat positive, positive, very positive",
        "terrible, awful, very bad, bad, poor, fair, ok, okay, average, good, very good, great, excellent",
        "strongly disagree, disagree, somewhat disagree, neutral, undecided, somewhat agree, agree, strongly agree",
        "never, rarely, seldom, sometimes, often, usually, always",
        "very dissatisfied, dissatisfied, unsatisfied, neutral, satisfied, very satisfied",
        "very unlikely, unlikely, possible, likely, very likely",
        "beginner, elementary, intermediate, advanced, expert",
        "tiny, small, medium, large, huge",
        "first, second, third, fourth, fifth",
        "a1, a2, b1, b2, c1, c2",
    )
)


def sort_by_scale(names: Sequence[str]) -> tuple[str, ...]:
    """Return names from low to high where all of them are of one usual scale, and else as they are."""
    plain = [" ".join(name.casefold().replace("_", " ").replace("-", " ").split()) for name in names]
    for scale in _SCALES:
        if set(plain) <= set(scale):
            return tuple(name for _, name in sorted(zip(map(scale.index, plain), names, strict=True)))
    return tuple(names)
