"""All kinds of trials there are."""

from stress import clocks, disks, labeled, made, searched, side_by_side, terminals, trained

CASES = (
    *made.CASES,
    *trained.CASES,
    *searched.CASES,
    *labeled.CASES,
    *disks.CASES,
    *clocks.CASES,
    *side_by_side.CASES,
    *terminals.CASES,
)
