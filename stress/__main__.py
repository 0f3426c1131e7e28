"""Runs the stress tests and prints their results; `make stress` runs all of them."""

import argparse
import sys
import tempfile
from pathlib import Path

from stress.cases import CASES
from stress.inputs import Inputs
from stress.program import prepare_machine
from stress.report import RESULTS, add_result, read_results, table, write_page


def main() -> int:
    """Run the kinds of trials that were asked for, one after the other; returns 1 where anything was lost."""
    options = argparse.ArgumentParser(prog="python -m stress", description=__doc__)
    options.add_argument("--trials", type=int, default=100, help="of each kind; those that show nothing new have fewer")
    options.add_argument("--only", nargs="+", default=[], metavar="NAME", help="faults, or kinds as --list names them")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--results", type=Path, default=RESULTS, help="JSON file that the figures are kept in")
    options.add_argument("--list", action="store_true", help="only name the kinds")
    options.add_argument("--page", action="store_true", help="only put the kept figures into docs/reliability.md")
    given = options.parse_args()
    chosen = [case for case in CASES if not given.only or {case.name, case.fault} & set(given.only)]
    if given.list:
        print("\n".join(case.name for case in chosen))
        return 0
    if given.page:
        write_page(read_results(given.results))
        return 0
    prepare_machine()
    folder = Path(tempfile.mkdtemp(prefix="txt-stress-"))
    (folder / "inputs").mkdir()
    inputs = Inputs.make(folder / "inputs")
    results = []
    for case in chosen:
        results.append(case.run(given.trials, given.seed, inputs, folder / case.name.replace("/", " ")))
        add_result(given.results, results[-1])
        done = results[-1]["trials"]
        print(f"{case.name}: {done - len(results[-1]['lost'])} of {done} survived {results[-1]['skipped']}", flush=True)
    print("\n" + table(read_results(given.results)))
    return int(any(result["lost"] for result in results))


if __name__ == "__main__":
    sys.exit(main())
