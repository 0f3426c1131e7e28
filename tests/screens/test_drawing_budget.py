from txt.screens.dashboard.panels import DrawingBudget


class Times:
    """A clock and a meter of processor time, both turned by hand."""

    def __init__(self) -> None:
        self.now = self.spent = 100.0

    def budget(self) -> DrawingBudget:
        return DrawingBudget(0.1, 0.5, 5.0, clock=lambda: self.now, spent=lambda: self.spent)


def test_the_first_drawing_is_allowed_at_once():
    assert Times().budget().allows()


def test_a_cheap_drawing_may_be_repeated_after_the_least_time():
    times = Times()
    budget = times.budget()
    budget.begin()
    times.now += 0.4
    assert not budget.allows()
    times.now += 0.2
    assert budget.allows()


def test_a_costly_drawing_is_repeated_when_its_share_is_kept():
    times = Times()
    budget = times.budget()
    budget.begin()
    times.spent += 0.2
    times.now += 1.9
    assert not budget.allows()
    times.now += 0.2
    assert budget.allows()


def test_however_costly_it_is_drawn_after_the_longest_time():
    times = Times()
    budget = times.budget()
    budget.begin()
    times.spent += 4.0
    times.now += 4.9
    assert not budget.allows()
    times.now += 0.2
    assert budget.allows()
