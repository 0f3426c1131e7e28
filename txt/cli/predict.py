"""`txt predict`: a classifier's answers for a text, a file, lines as they come, or a conversation."""

import shlex
import sys
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer

from txt.cli.console import make_literal, print_json, say, say_if_terminal
from txt.cli.console import out as stdout
from txt.cli.formulas import EscapeFormulas, escape_and_report
from txt.cli.interrupt import stop_on_signals
from txt.cli.options import GivenOptions, takes
from txt.cli.stage_bar import StageBar
from txt.config import READING, PredictConfig, PrepareConfig
from txt.errors import InputError
from txt.option_schema import build_config, list_options
from txt.sanitize import sanitize

if TYPE_CHECKING:
    from txt.cli.predict_view import Explain
    from txt.prediction.classifier import Predictor
    from txt.prediction.label_queue import LabelQueue
    from txt.prediction.model_source import ModelSource
    from txt.prediction.predict_file import PredictRequest

_READING = tuple(name for name in READING if name != "label_column")
_FILE_ONLY = (*_READING, "probabilities")
_FOR_FILES = "Files"


def register(app: typer.Typer) -> None:
    """Add the command to the app."""
    app.command("predict")(predict)


@takes(
    PredictConfig,
    PrepareConfig,
    without=tuple(name for name in list_options(PrepareConfig) if name not in _READING),
)
def predict(
    run: Annotated[
        str | None, typer.Argument(help="Run or model's folder [the newest run].", show_default=False)
    ] = None,
    what: Annotated[
        str | None,
        typer.Argument(help="A text, a data file, or - for lines as they come.", metavar="[TEXT | FILE | -]"),
    ] = None,
    *,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="File to make [DATA.predicted.…].", rich_help_panel=_FOR_FILES)
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue a file that was stopped.", rich_help_panel=_FOR_FILES)
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that is there.", rich_help_panel=_FOR_FILES)
    ] = False,
    to_label: Annotated[
        Path | None,
        typer.Option(
            help="Flag rows below the threshold in this label store.", metavar="STORE", rich_help_panel=_FOR_FILES
        ),
    ] = None,
    escape_formulas: EscapeFormulas = False,
    explain: Annotated[bool, typer.Option("--explain", help="Show which words carried the answer.")] = False,
    explain_label: Annotated[
        str | None,
        typer.Option(
            "--explain-label", help="Show which words speak for this label, answered or not.", metavar="LABEL"
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print answers, or what was made, as JSON on stdout.")
    ] = False,
    given: GivenOptions,
) -> None:
    """Predict a text, every row of a file, or lines as they come.

    A file is copied in its own format, or in the one that -o names (.csv, .tsv, .jsonl, .json, .parquet, .xlsx), and
    each row gets a label and a confidence. With nothing to predict, on a terminal, it asks for texts.

    Example: `txt predict 001 "What a lovely film"` or `txt predict 001 unseen.csv --threshold 0.8`
    """
    path = _find_data_file(what)
    files = {"out": "-o", "resume": "--resume", "force": "--force", "to_label": "--to-label"}
    files["escape_formulas"] = "--escape-formulas"
    if path is None:
        _refuse_file_options([flag for name, flag in files.items() if name in given.typed], given)
    config = build_config(PredictConfig, given, given.settings)
    if explain_label is not None and explain:
        raise InputError("--explain-label says what --explain is to be about", "leave --explain out")
    from txt.cli.predict_view import Explain

    flag = "--explain" if explain else "--explain-label"
    weighing = Explain(explain_label) if explain or explain_label is not None else None
    if weighing and "precision" not in given.with_settings() and not config.int8:
        config = config.with_options(precision="float32")  # a word's weight can be smaller than bf16's rounding
    from txt.data.reading.source import is_pattern

    if weighing and config.cascade:
        raise InputError(f"{flag} asks the whole model, and --cascade spares it", "leave one of them out")
    if path is not None:
        if weighing:
            raise InputError(f"{flag} is for texts, not for files", "txt predict RUN TEXT --explain")
        options = _FileOptions(out, resume, force, to_label, escape_formulas)
        reading = build_config(PrepareConfig, given, given.settings)
        predict_data = _predict_files if is_pattern(str(path)) else _predict_file
        predict_data(run, path, options, config, reading, as_json)
    elif what == "-" or (what is None and not sys.stdin.isatty()):
        _answer_lines(run, config, weighing, as_json)
    elif what is not None:
        _answer_text(run, what, config, weighing, as_json)
    else:
        _converse(run, config, weighing, as_json)


class _FileOptions:
    """The options for the output file."""

    def __init__(
        self, out: Path | None, resume: bool, force: bool, to_label: Path | None, escape_formulas: bool
    ) -> None:
        self.out = out
        self.resume = resume
        self.force = force
        self.to_label = to_label
        self.escape_formulas = escape_formulas


def _find_data_file(what: str | None) -> Path | None:
    """Return the path if the argument is a data file, or None if it is a text.

    Raises:
        InputError: it has the name of a data file that does not exist.
    """
    from txt.data.reading.source import FORMATS, PACKINGS, exists, is_pattern, split_paths

    if what is None or what == "-" or not what.strip():
        return None
    if len(split_paths(what)) == 1 and exists(what) and not is_pattern(what):
        return Path(what)
    return Path(what) if what.lower().endswith((*FORMATS, *PACKINGS)) and len(what.split()) == 1 else None


def _refuse_file_options(typed: Sequence[str], given: GivenOptions) -> None:
    options = {**list_options(PredictConfig), **list_options(PrepareConfig)}
    spellings = [*typed, *(options[name].flag for name in _FILE_ONLY if name in given)]
    if spellings:
        raise InputError(f"{spellings[0]} is for data files, and none is given", "txt predict RUN FILE")


def _find_source(run: str | None) -> "ModelSource":
    from txt.prediction.model_source import find_model
    from txt.runs.folder import Run

    return find_model(run if run is not None else Run.find_newest().path)


def _load_classifier(source: "ModelSource", config: PredictConfig) -> "Predictor":
    say_if_terminal(f"loading {sanitize(source.name)} …")
    from txt.prediction.classifier import load_source

    return load_source(source, config)


def _predict_file(
    run: str | None, path: Path, files: _FileOptions, config: PredictConfig, reading: PrepareConfig, as_json: bool
) -> None:
    from txt.data.reading.source import check_file

    check_file(path)
    from txt.data.reading.kinds.spreadsheet_copy import ENDINGS
    from txt.data.reading.source import Source, name_output
    from txt.files import sha256
    from txt.prediction.output_place import refuse_taken_place

    if files.to_label is not None and config.threshold is None:
        raise InputError("--to-label needs a --threshold", "--threshold 0.8 leaves what is below it to a person")
    source = _find_source(run)
    target = files.out or name_output(str(path), "predicted", kept=ENDINGS)
    if str(target) == "-":
        _predict_to_stdout(source, path, files, config, reading, as_json)
        return
    refuse_taken_place(target, Source(path, str(path)), files.force)
    from txt.cli.predict_view import show_drift, show_summary
    from txt.prediction.predict_file import PredictRequest, check_request, predict_file

    asked = PredictRequest(
        target,
        sha256(source.folder / "model.safetensors"),
        config,
        reading,
        resume=files.resume,
        force=files.force,
        trained_on=source.text_column(),
    )
    check_request(path, asked)
    classifier = _load_classifier(source, config)
    if files.to_label is not None and classifier.decision is not None:
        raise InputError(
            "--to-label flags rows below the threshold, and with several labels a row none is",
            "txt label shows all rows; --probabilities adds that of each label",
        )
    from txt.prediction.sampled_texts import SampledTexts, find_drift

    sample = SampledTexts()
    queue = _open_queue(files.to_label, path, asked, classifier, source.name) if files.to_label else nullcontext()
    with queue as waiting, stop_on_signals("stopping …") as stop, StageBar() as bar:
        leave = waiting.add if waiting is not None else lambda _: None
        summary = predict_file(classifier, path, asked, progress=bar.advance, stop=stop, leave=leave, see=sample.add)
    if files.escape_formulas:
        escape_and_report(target)
    drift = find_drift(source, classifier, sample)
    if as_json:
        print_json(summary.to_json() | {"drift": drift.to_json() if drift else None})
        return
    show_summary(summary, config, classifier)
    if drift is not None and drift.is_clear:
        show_drift(drift, sample.texts)
    if files.to_label is not None and summary.unsure:
        data, store = shlex.quote(str(path)), shlex.quote(str(files.to_label))
        say(f"{summary.unsure:,} rows are flagged in {store}; typing `/is:flagged` there shows them:")
        stdout.print(make_literal(f"  txt label {data} --store {store}", style="bold"))


def _predict_to_stdout(
    source: "ModelSource",
    path: Path,
    files: _FileOptions,
    config: PredictConfig,
    reading: PrepareConfig,
    as_json: bool,
) -> None:
    """Write the file with its answers to standard output, once it is whole."""
    import shutil
    from tempfile import TemporaryDirectory

    from txt.data.reading.kinds.spreadsheet_copy import ENDINGS
    from txt.data.reading.source import name_output
    from txt.files import sha256
    from txt.prediction.predict_file import PredictRequest, check_request, predict_file

    taken = {"--json": as_json, "--resume": files.resume, "--to-label": files.to_label, "--force": files.force}
    for flag, value in taken.items():
        if value:
            raise InputError(f"{flag} is for a file, and -o - is standard output", "name a file with -o")
    with TemporaryDirectory(prefix="txt-predict-") as folder:
        target = Path(folder) / name_output(str(path), "predicted", kept=ENDINGS).name
        asked = PredictRequest(
            target,
            sha256(source.folder / "model.safetensors"),
            config,
            reading,
            trained_on=source.text_column(),
        )
        check_request(path, asked)
        classifier = _load_classifier(source, config)
        with stop_on_signals("stopping …") as stop, StageBar() as bar:
            summary = predict_file(classifier, path, asked, progress=bar.advance, stop=stop)
        if files.escape_formulas:
            escape_and_report(target)
        for note in summary.notes:
            say(f"note: {sanitize(note)}")
        with target.open("rb") as file:
            shutil.copyfileobj(file, sys.stdout.buffer)
    sys.stdout.flush()


def _predict_files(
    run: str | None, pattern: Path, files: _FileOptions, config: PredictConfig, reading: PrepareConfig, as_json: bool
) -> None:
    """Write a file for each that the pattern stands for; those that are written already are left as they are."""
    from txt.cli.predict_view import show_summary
    from txt.data.reading.kinds.spreadsheet_copy import ENDINGS
    from txt.data.reading.source import list_files, name_output
    from txt.files import sha256
    from txt.prediction.predict_file import PredictRequest, check_request, predict_file

    if files.to_label is not None:
        raise InputError("--to-label is for one file", "name the files one after the other")
    if files.out is not None and (str(files.out) == "-" or files.out.is_file()):
        raise InputError(f"-o {files.out} is for one file", "name a folder: each file is written there")
    source = _find_source(run)
    weights, asked, done = sha256(source.folder / "model.safetensors"), [], 0
    for name in list_files(str(pattern), "predicted"):
        target = name_output(name, "predicted", kept=ENDINGS)
        target = target if files.out is None else files.out / target.name
        if target.exists() and not files.force:
            done += 1
            continue
        request = PredictRequest(target, weights, config, reading, force=files.force, trained_on=source.text_column())
        asked.append((Path(name), request))
        check_request(*asked[-1])
    if done:
        say(f"{done:,} of {done + len(asked):,} files are written already; --force writes them again")
    if not asked:
        if as_json:
            print_json([])
        return
    classifier, summaries = _load_classifier(source, config), []
    with stop_on_signals("stopping …") as stop:
        for path, request in asked:
            with StageBar() as bar:
                summary = predict_file(classifier, path, request, progress=bar.advance, stop=stop)
            if files.escape_formulas:
                escape_and_report(request.out)
            summaries.append(summary)
            if not as_json:
                show_summary(summary, config, classifier)
    if as_json:
        print_json([summary.to_json() for summary in summaries])


def _open_queue(store: Path, data: Path, asked: "PredictRequest", classifier: "Predictor", who: str) -> "LabelQueue":
    """Open the label store in which rows with low confidence are flagged for a person."""
    from txt.data.reading.table import open_table
    from txt.prediction.label_queue import LabelQueue, refuse_unlabelable
    from txt.prediction.predict_file import text_column

    with open_table(data, asked.reading_options()) as table:
        refuse_unlabelable(data, table.dialect.format, table.dialect.compressed)
        column = text_column(table, asked.reading, asked.trained_on)
    return LabelQueue(store, column, classifier.labels, who)


def _answer_text(run: str | None, text: str, config: PredictConfig, explain: "Explain | None", as_json: bool) -> None:
    from txt.cli.predict_view import encode_answer, show_answer

    source = _find_source(run)
    if not text.strip():
        raise InputError("the text is empty", 'txt predict RUN "a text"')
    classifier = _load_classifier(source, config)
    if as_json:
        print_json(encode_answer(classifier, text, config, explain))
    else:
        show_answer(classifier, text, config, explain)
        say(classifier.about_confidence)


def _answer_lines(run: str | None, config: PredictConfig, explain: "Explain | None", as_json: bool) -> None:
    """Answer each line of standard input as soon as it is there, with one line on stdout."""
    from txt.cli.predict_view import format_answers
    from txt.prediction.classifier import load_source

    if explain is not None and not as_json:
        raise InputError(
            "--explain and --explain-label need --json where lines are answered", "txt predict RUN - --explain --json"
        )
    classifier = load_source(_find_source(run), config)
    for lines in read_lines(sys.stdin.buffer):
        for answer in format_answers(classifier, lines, config, explain, as_json):
            sys.stdout.write(answer + "\n")
        sys.stdout.flush()


def read_lines(stream: BinaryIO) -> Iterator[list[str]]:
    """Yield all lines received so far, as soon as there are any; the last line may lack its newline."""
    rest = b""
    while piece := stream.read1(1 << 16):  # type: ignore[attr-defined]
        *whole, rest = (rest + piece).split(b"\n")
        if whole:
            yield [line.decode("utf-8", "replace").removesuffix("\r") for line in whole]
    if rest:
        yield [rest.decode("utf-8", "replace")]


def _converse(run: str | None, config: PredictConfig, explain: "Explain | None", as_json: bool) -> None:
    """Ask for a text, answer, and ask again, until the end of input."""
    import readline  # noqa: F401  # lines can be edited, and come back with the arrow keys

    from txt.cli.predict_view import encode_answer, show_answer

    source = _find_source(run)
    classifier = _load_classifier(source, config)
    say(f"{source.name} knows {', '.join(classifier.labels[:8])}{' …' if len(classifier.labels) > 8 else ''}.")
    say(classifier.about_confidence)
    say("Type a text and Enter; Ctrl-D leaves.")
    while True:
        try:
            text = input("\n> ")
        except EOFError:
            print()
            return
        if not text.strip():
            continue
        if as_json:
            print_json(encode_answer(classifier, text, config, explain))
        else:
            show_answer(classifier, text, config, explain)
