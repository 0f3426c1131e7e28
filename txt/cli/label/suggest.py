"""`txt label --suggest`: opens the sources of suggestions for a session, and shows how good each of them is."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from txt.cli.console import out as stdout
from txt.cli.console import print_json, say
from txt.cli.label.active import find_split_column, find_vectorizer
from txt.cli.label.rules import judge_rules
from txt.config import LabelConfig
from txt.errors import InputError, did_you_mean
from txt.extras import say_how_to_install
from txt.sanitize import sanitize, sanitize_lines

if TYPE_CHECKING:
    from txt.labeling.active.ranker import Vectorize
    from txt.labeling.guide import Guide
    from txt.labeling.item import Suggestion
    from txt.labeling.open_labels import OpenLabels
    from txt.labeling.row_states import RowStates
    from txt.labeling.rules.proposals import Proposals
    from txt.labeling.session import LabelSession
    from txt.labeling.suggest.given import GivenAnswers
    from txt.labeling.suggest.llm_messages import LlmPlan
    from txt.labeling.suggest.llm_source import LlmSource
    from txt.labeling.suggest.messages import SuggestPool
    from txt.labeling.suggest.suggester import Suggester


def parse_sources(config: LabelConfig) -> tuple[str, ...]:
    """Return the sources of `names,rules`; a file of rules is one of them wherever it is given.

    Raises:
        InputError: there is no such source, or it lacks what it needs.
    """
    if config.suggest is None:
        return ()
    from txt.labeling.suggest.given import SOURCES

    wanted = [name.strip() for name in config.suggest.split(",") if name.strip()]
    for name in wanted:
        if name not in SOURCES:
            hint = did_you_mean(name, SOURCES, f"there are {', '.join(SOURCES)}")
            raise InputError(f"--suggest has no source `{name}`", hint)
    if not wanted:
        raise InputError("--suggest names no source", "--suggest names,model")
    if "rules" in wanted and config.rules is None:
        raise InputError("--suggest rules needs a file of rules", "--rules rules.toml")
    wanted += ["rules"] if config.rules is not None else []
    return tuple(name for name in SOURCES if name in wanted)


def check_suggest(config: LabelConfig, given_blind: bool, looks_only: bool, check: bool) -> None:
    """Refuse options that cannot work together, before a store is made.

    Raises:
        InputError: see the messages.
    """
    sources = parse_sources(config)
    _check_llm(config, sources)
    if not sources:
        if given_blind:
            raise InputError("--blind hides suggestions, and there are none without --suggest", "--suggest names,model")
        return
    if config.review:
        raise InputError("--suggest is about new rows, and --review shows labeled ones again", "leave one of them out")
    if looks_only and not check:
        raise InputError("--suggest is about labeling and --check", "leave it out")
    if "model" in sources:
        find_vectorizer(config.model)
    if "names" in sources:
        find_encoder()


def _check_llm(config: LabelConfig, sources: tuple[str, ...]) -> None:
    """Refuse options of a language model that is not asked, and a model without an address.

    Raises:
        InputError: see the messages.
    """
    said = [
        name for name in ("llm_url", "llm_model", "llm_most", "llm_timeout", "llm_dry_run") if name in config.changed()
    ]
    if "llm" not in sources:
        if said:
            flag = f"--{said[0].replace('_', '-')}"
            raise InputError(f"{flag} is about --suggest llm, and that is not asked for", "--suggest llm")
        return
    if config.llm_url is None or config.llm_model is None:
        missing = "--llm-url" if config.llm_url is None else "--llm-model"
        raise InputError(
            f"--suggest llm needs {missing}: texts go nowhere but where you say",
            "--llm-url http://localhost:11434/v1 --llm-model NAME",
        )
    from txt.labeling.suggest.llm_client import check_url

    check_url(config.llm_url)


def make_llm_plan(config: LabelConfig, classes: list[str], guide: "Guide | None") -> "LlmPlan":
    """Return whom to ask and how."""
    from txt.labeling.suggest.llm_client import Endpoint
    from txt.labeling.suggest.llm_messages import LlmPlan
    from txt.labeling.suggest.llm_prompt import build_instructions

    assert config.llm_url is not None
    assert config.llm_model is not None
    endpoint = Endpoint(config.llm_url, config.llm_model, config.llm_timeout)
    return LlmPlan(endpoint, build_instructions(classes, guide), tuple(classes), config.llm_most)


def show_llm_request(opened: "OpenLabels", guide: "Guide | None") -> None:
    """Print what would be sent to the language model for the first row to label, and to whom."""
    from txt.labeling.suggest.llm_client import KEY
    from txt.labeling.suggest.llm_prompt import LabeledText, build_messages, choose_examples

    states, classes = opened.states()
    plan = make_llm_plan(opened.config, classes, guide)
    rows = [row for row in range(len(states)) if not states.is_empty(row)]
    row = next((row for row in rows if not states.decided[row]), rows[0] if rows else None)
    if row is None:
        raise InputError(f"`{opened.rows.path}` has no text")
    text = opened.rows.text(row)
    labeled = [(other, states.label(other)) for other in rows if states.labeled[other]][-200:]
    known = [LabeledText(opened.rows.text(other), label) for other, label in labeled if label]
    key = f"with the key in {KEY}" if os.environ.get(KEY) else f"without a key ({KEY} is not set)"
    say(f"POST {sanitize(plan.endpoint.url.rstrip('/'))}/chat/completions {key}, model {sanitize(plan.endpoint.model)}")
    say(f"at most {plan.most:,} such requests, one a text; this one is about row {row + 1:,}. Nothing was sent.")
    for message in build_messages(plan.instructions, text, choose_examples(text, known)):
        stdout.print(sanitize_lines(f"[{message['role']}]\n{message['content']}\n"))


def open_llm(
    opened: "OpenLabels",
    session: "LabelSession",
    suggester: "Suggester",
    guide: "Guide | None",
    notify: "Callable[[str], object]",
) -> "LlmSource | None":
    """Begin to ask the language model, if it is one of the sources; the caller closes it."""
    if "llm" not in suggester.options.sources:
        return None
    from txt.labeling.suggest.llm_source import LlmSource

    if not session.classes:
        raise InputError("--suggest llm needs classes to choose from", "--labels positive,negative, or a guide")
    return LlmSource(make_llm_plan(opened.config, session.classes, guide), session, suggester, notify)


def tell_where_texts_go(config: LabelConfig) -> None:
    """Say to whom texts are sent before the first one is."""
    from txt.labeling.suggest.llm_client import is_local

    assert config.llm_url is not None
    where = "on this machine" if is_local(config.llm_url) else "ELSEWHERE"
    say(
        f"texts are sent to {sanitize(config.llm_url)} ({where}), at most {config.llm_most:,} requests;"
        " --llm-dry-run shows what is sent"
    )
    if not is_local(config.llm_url) and config.llm_url.startswith("http://"):
        say("warning: the address begins with http://, so that texts and the key can be read on their way")


def collect_cached_answers(opened: "OpenLabels", classes: list[str], guide: "Guide | None") -> "GivenAnswers":
    """Return what the language model said before of the rows of the file; nothing is sent."""
    import numpy as np

    from txt.labeling.rules.corpus import read_column
    from txt.labeling.suggest.given import GivenAnswers
    from txt.labeling.suggest.llm_cache import LlmCache

    plan = make_llm_plan(opened.config, classes, guide)
    cache, form = LlmCache(plan.endpoint, plan.instructions), opened.rows.form
    found = [cache.find(text) for text in read_column(opened.rows.path, form, form.text_column)]
    codes = np.array(
        [classes.index(each.label) if each is not None and each.label in classes else -1 for each in found], np.int64
    )
    return GivenAnswers(codes, np.full(len(codes), 0.8, np.float32), *cache.sum_costs())


def find_encoder() -> "Vectorize":
    """Return what makes sentence vectors.

    Raises:
        InputError: no encoder is installed.
    """
    from txt.data.minilm import is_installed
    from txt.model.embedding import embed_with_minilm

    if not is_installed():
        raise InputError("--suggest names needs sentence vectors", say_how_to_install(extra="minilm"))
    return embed_with_minilm


def make_suggest_pool(opened: "OpenLabels", guide: "Guide | None", wanted_split: str | None) -> "SuggestPool":
    """Return which rows suggestions are for, and what makes their vectors.

    Raises:
        InputError: rows have several labels here, or a source lacks what it needs.
    """
    import numpy as np

    from txt.data.minilm import is_installed
    from txt.labeling.active.log import QueryPlan
    from txt.labeling.active.ranker import Pool
    from txt.labeling.suggest.messages import SuggestPool

    if opened.multi_label:
        raise InputError("--suggest proposes one class a row, and rows have several here", "leave out --suggest")
    config, rows = opened.config, opened.rows
    sources = parse_sources(config)
    states, _ = opened.states()
    plan = QueryPlan(config.model, config.strategy, config.seed)
    labeled = np.flatnonzero(states.labeled)
    vectorize = find_vectorizer(config.model) if "model" in sources else None
    if "model" not in sources:
        plan = QueryPlan("tfidf", config.strategy, config.seed)
    pool = Pool(rows.path, rows.form, find_split_column(rows, wanted_split), plan, labeled, vectorize)
    with_vectors = "names" in sources or ("near" in sources and is_installed())
    return SuggestPool(pool, sources, guide, find_encoder() if with_vectors else None)


@contextmanager
def open_suggester(
    opened: "OpenLabels", guide: "Guide | None", wanted_split: str | None
) -> "Iterator[Suggester | None]":
    """Yield the suggestions of a session, or None without --suggest; their process ends with the block."""
    if opened.config.suggest is None:
        yield None
        return
    from txt.labeling.suggest.suggester import Suggester, SuggestOptions

    config = opened.config
    pool = make_suggest_pool(opened, guide, wanted_split)
    options = SuggestOptions(parse_sources(config), opened.annotator, config.holdout, config.blind, config.seed, guide)
    suggester = Suggester(opened.rows, opened.journal, opened.states()[0], pool, options)
    try:
        yield suggester
    finally:
        suggester.close()


def give_rules(opened: "OpenLabels", session: "LabelSession", suggester: "Suggester") -> None:
    """Let the rules be one of the sources of a session without a screen."""
    _, proposals = judge_rules(opened, session.states, session.classes)

    def explain(row: int) -> "Suggestion | None":
        return proposals.explain(row, opened.rows.text(row))

    suggester.give("rules", take_rule_answers(proposals, session.classes))
    suggester.explain["rules"] = explain


def take_rule_answers(proposals: "Proposals", classes: list[str]) -> "GivenAnswers":
    """Return the answers of rules for all rows."""
    from txt.labeling.suggest.given import GivenAnswers

    return GivenAnswers(*proposals.answer_all(classes))


def check_suggestions(
    opened: "OpenLabels",
    states: "RowStates",
    classes: list[str],
    guide: "Guide | None",
    wanted_split: str | None,
    as_json: bool,
) -> None:
    """Print how good each source of suggestions is, by the labels that were given without seeing one."""
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    from txt.labeling.active.holdout import Holdout, read_holdout
    from txt.labeling.suggest.server import SuggestWorker
    from txt.labeling.suggest.suggester import make_suggest_question
    from txt.labeling.suggest.unaided import measure_following
    from txt.wording.suggestions import format_suggestion_table

    if not classes:
        raise InputError(f"`{opened.rows.path}` has no classes yet", "name them: --labels positive,negative")
    pool = make_suggest_pool(opened, guide, wanted_split)
    given: dict[str, GivenAnswers] = {}
    if "rules" in pool.sources:
        given["rules"] = take_rule_answers(judge_rules(opened, states, classes)[1], classes)
    if "llm" in pool.sources:
        given["llm"] = collect_cached_answers(opened, classes, guide)
    rows = read_holdout(opened.journal, states)
    holdout = Holdout.of(states.find_rows([]) if rows is None else rows, states.index)
    question = make_suggest_question(states, holdout, opened.journal, tuple(classes), given, 0)
    with tqdm(desc="reading", total=1.0, leave=False, delay=1.0, bar_format="{desc}: {percentage:.0f} %") as bar:
        worker = SuggestWorker(pool, lambda share: bar.update(share - bar.n))
    with threadpool_limits(1):  # these matrix products are too small for several threads
        found = worker.answer(question).found
    following = measure_following(opened.journal)
    if as_json:
        print_json({**found.to_json(), "following": following.to_json()})
    else:
        stdout.print(format_suggestion_table(found, following, stdout.width))
