"""`txt explore`: what is in a file of texts, before anything is labeled; and search by meaning."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from txt.cli.console import print_json, say
from txt.cli.options import DataArgument, GivenOptions, is_prepared_folder, takes
from txt.cli.stage_bar import StageBar
from txt.cli.terminal import has_terminal
from txt.config import READING, ExploreConfig, PrepareConfig
from txt.data.reading.source import check_file, join_paths
from txt.errors import InputError
from txt.option_schema import build_config, list_options

if TYPE_CHECKING:
    from txt.data.progress import ProgressWatcher
    from txt.exploration.exploration import Exploration

_READ = (*READING, "use_labels", "label_store")
_UNUSED = tuple(name for name in list_options(PrepareConfig) if name not in (*_READ, *list_options(ExploreConfig)))
_FORMATS = (".json", ".csv")


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("explore")(explore)


@takes(ExploreConfig, PrepareConfig, without=_UNUSED)
def explore(
    data: DataArgument,
    *,
    interactive: Annotated[
        bool, typer.Option("-i", "--interactive", help="A screen to walk through the clusters, and to label them.")
    ] = False,
    out: Annotated[
        Path | None,
        typer.Option("-o", "--out", help="Write the report (.json), or the cluster of every row (.csv)."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let -o replace any file.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON on stdout.")] = False,
    given: GivenOptions,
) -> None:
    """What is in a file of texts: clusters, templates, languages, odd characters, personal data by kind.

    Needs no labels; where there are some, each cluster shows its shares of the classes. Personal data is counted, and
    hidden wherever a text is shown.

    Example: `txt explore reviews.csv`, or `txt explore reviews.csv --like "refund never came"`
    """
    options = build_config(ExploreConfig, given, given.settings)
    reading = build_config(PrepareConfig, given, given.settings)
    _check_options(options, given, out, interactive=interactive, as_json=as_json, force=force)
    source = join_paths(data)
    check_file(source)
    if len(data) == 1 and is_prepared_folder(source):
        raise InputError(f"`{source}` is prepared data", "name the data file that it was made of")
    if out is not None:
        from txt.overwriting import refuse_overwriting

        refuse_overwriting(out, force=force, inputs=[Path(each) for each in data])
    with StageBar() as bar:
        exploration = begin_exploration(source, options, reading, bar.advance)
        if options.like is not None:
            _search(exploration, options.like, options.top, as_json)
            return
        if interactive:
            from txt.cli.explore_screen import open_screen

            open_screen(exploration, options, reading)
            return
        report = _report(exploration, options, shown=not as_json)
    if out is not None:
        _write(out, exploration, report)
    if as_json:
        print_json({name: value for name, value in report.items() if name != "codes"})


def begin_exploration(
    source: str, options: ExploreConfig, reading: PrepareConfig, progress: "ProgressWatcher"
) -> "Exploration":
    """Read a data file and make its vectors; prints what was guessed about the file.

    Raises:
        InputError: it cannot be read, or has no texts.
    """
    from txt.exploration.corpus import read_corpus
    from txt.exploration.exploration import Exploration
    from txt.exploration.token_table import check_installed
    from txt.labeling.store.stored_labels import open_stored_labels

    if options.encoder is not None:
        check_installed(options.encoder)
    decided = open_stored_labels(source, reading)
    corpus = read_corpus(source, reading, decided, progress)
    for warning in corpus.warnings:
        say(f"warning: {warning}")
    exploration = Exploration(corpus, progress, options.seed)
    exploration.make_vectors(options.encoder)
    return exploration


def _check_options(
    options: ExploreConfig, given: GivenOptions, out: Path | None, *, interactive: bool, as_json: bool, force: bool
) -> None:
    """Refuse options that would have no effect."""
    if options.like is not None:
        if not options.like.strip():
            raise InputError("--like has no words to look for", 'as in --like "refund never came"')
        for name in ("clusters", "seed"):
            if name in given:
                raise InputError(f"--{name} is about clusters, and --like looks for rows", "leave one of them out")
        if out is not None or interactive:
            flag = "-o" if out is not None else "-i"
            raise InputError(f"{flag} is about clusters, and --like looks for rows", "leave one of them out")
    elif "top" in given:
        raise InputError("--top is the number of rows of --like", 'add --like "refund never came"')
    if force and out is None:
        raise InputError("--force lets -o replace a file, and there is no -o", "-o clusters.csv")
    if out is not None and out.suffix.lower() not in _FORMATS:
        raise InputError(f"`{out}` ends in neither .json nor .csv", "-o report.json, or -o clusters.csv")
    if interactive:
        if as_json or out is not None:
            raise InputError(
                f"-i opens a screen, and {'--json' if as_json else '-o'} does not", "leave one of them out"
            )
        if not has_terminal():
            raise InputError("-i needs a terminal", "without it, `txt explore` prints what it finds")


def _report(exploration: "Exploration", options: ExploreConfig, *, shown: bool) -> dict[str, Any]:
    """Take all steps, print what each finds where it is to be shown, and return the whole."""
    from txt.cli.explore_view import show_clusters, show_overview, show_repeats, show_signs
    from txt.exploration.cluster_names import give_names
    from txt.exploration.exploration import NEAR_ROWS, hide, to_json
    from txt.exploration.repeats import find_repeats

    overview = exploration.describe()
    if shown:
        show_overview(exploration, overview)
    found = exploration.find_clusters(options.clusters)
    give_names(exploration.corpus, found)
    if shown:
        show_clusters(exploration, found)
    signs = exploration.count_signs()
    if shown:
        show_signs(signs)
    repeats = find_repeats(exploration.corpus, NEAR_ROWS)
    if shown:
        show_repeats(repeats, len(exploration.corpus))
    return {**to_json(exploration, overview, found, signs, repeats, hide(exploration.corpus)), "codes": found.codes}


def _search(exploration: "Exploration", words: str, most: int, as_json: bool) -> None:
    from txt.cli.explore_view import show_hits
    from txt.exploration.exploration import hide
    from txt.files import FORMAT

    hits = exploration.search(words, most)
    show = hide(exploration.corpus)
    if as_json:
        rows = [{"row": hit.row + 1, "likeness": round(hit.likeness, 4), "text": show(hit.row)} for hit in hits]
        about = {"name": exploration.encoder, "why": exploration.why}
        print_json({"format": FORMAT, "like": words, "encoder": about, "rows": rows})
    else:
        show_hits(hits, show, exploration.corpus)


def _write(out: Path, exploration: "Exploration", report: Mapping[str, Any]) -> None:
    """Write the report, or a row for each row of the data with its cluster."""
    import csv

    from txt.files import atomic_write, write_json
    from txt.overwriting import note_made

    if out.suffix.lower() == ".json":
        write_json(out, {name: value for name, value in report.items() if name != "codes"})
    else:
        names = {each["number"]: each["name"] or ", ".join(each["words"][:3]) for each in report["clusters"]}
        with atomic_write(out) as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["row", "cluster", "name"])
            for row, code in enumerate(report["codes"].tolist(), 1):
                writer.writerow([row, code + 1 if code >= 0 else "", names.get(code + 1, "")])
    note_made(out)
    say(f"Wrote {out}: {len(exploration.corpus):,} rows in {len(report['clusters']):,} clusters")
