"""Divides staged rows into splits and classes, and collects the warnings about them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from txt.config import PrepareConfig
from txt.data.duplicates import Conflicts, choose_distinct, count_duplicates, find_conflicts, find_overlaps
from txt.data.label_kinds import COLUMNS, NESTED, ORDERED, SEVERAL, SINGLE, LabelForm
from txt.data.labels import (
    LabelRules,
    Naming,
    find_form,
    find_lookalikes,
    name_classes,
    name_label_sets,
    order_classes,
    parse_missing,
    propose_order,
)
from txt.data.reading.split_column import SPLITS
from txt.data.row_facts import RowFacts
from txt.data.split import (
    LEFT_OUT,
    TEST,
    TRAIN,
    UNLABELED,
    VAL,
    Hashes,
    LabelCodes,
    Mask,
    Shares,
    SplitCodes,
    SplitRows,
    assign_splits,
)
from txt.data.staging import StagedRows
from txt.errors import InputError
from txt.nested_classes import SEPARATOR as LEVELS
from txt.nested_classes import Tree, are_nested

_LISTED = 8  # names in one line
_LISTED_CONFLICTS = 20
_COUNTED_ROWS = 30_000  # up to this many, near-duplicates are counted without being asked for
_TOLD_ROWS = 5
_TOLD_SHARE = 0.01  # of the rows of a split; fewer near-duplicates in another one are not worth a warning
_MANY_CLASSES = 50  # fewer than this are classes even where each has but one row


@dataclass(frozen=True)
class Division:
    """The split and the class of each row, (N,); labels are -1 for none, codes LEFT_OUT where a row is dropped.

    `names` are the classes in order, `dropped` counts the rows without a split by reason, `duplicates` those whose text
    stands in an earlier row, `alike` those whose text does but for case, spaces and the like, `near` those with a
    near-duplicate in an earlier row, None where nobody looked; `guessed` the train rows whose label comes from rules or
    a model. The overlaps are (a split, a later one, rows of the later one with such a text in the first). Where rows
    have several labels, `labels` are places in `sets`, the different sets, and `form` is how the source writes them.
    """

    names: tuple[str, ...]
    notes: tuple[str, ...]
    labels: LabelCodes
    codes: SplitCodes
    split_by: str
    dropped: dict[str, int]
    duplicates: int
    conflicts: Conflicts
    overlaps: tuple[tuple[int, int, int], ...]
    guessed: int = 0
    alike: int = 0
    near: int | None = None
    alike_overlaps: tuple[tuple[int, int, int], ...] = ()
    near_overlaps: tuple[tuple[int, int, int], ...] = ()
    kind: str = SINGLE
    sets: tuple[tuple[int, ...], ...] | None = None
    form: LabelForm | None = None

    def describe(self, label: int) -> str:
        """Return a row's label as people read it: its name, or those of its labels."""
        if self.sets is None:
            return self.names[label]
        return ", ".join(self.names[each] for each in self.sets[label]) or "none"

    @cached_property
    def class_counts(self) -> dict[str, dict[str, int]]:
        """The rows of each class by split."""
        counted = {}
        for code, split in enumerate(SPLITS[:UNLABELED]):
            labels = self.labels[self.codes == code]
            if self.sets is None:
                counts = np.bincount(labels, minlength=len(self.names))
            else:
                counts = np.zeros(len(self.names), np.int64)
                for place, rows in enumerate(np.bincount(labels, minlength=len(self.sets)).tolist()):
                    counts[list(self.sets[place])] += rows
            counted[split] = dict(zip(self.names, counts.tolist(), strict=True))
        return counted

    def warnings(self) -> Iterator[str]:
        """Yield what a user should know before trusting the splits."""
        yield from self.notes
        if self.guessed:
            yield f"{self.guessed:,} rows are labeled by rules or a model: all are in train, none in val or test"
        for group in find_lookalikes(self.names):
            yield f"these labels differ only by case or spaces, and are different classes: {_list_names(group)}"
        made = [split for split in self.class_counts if any(self.class_counts[split].values())]
        for split in ("val", "test"):
            if split not in made:
                yield f"there are no {split} rows"
        if self.sets is not None:
            without = sum(np.count_nonzero(self.labels == place) for place, each in enumerate(self.sets) if not each)
            if without:
                yield f"{without:,} labeled rows have none of the labels"
        missing = {name: [split for split in made if not self.class_counts[split][name]] for name in self.names}
        thin = [f"`{name}` (not in {' and '.join(splits)})" for name, splits in missing.items() if splits]
        if thin:
            more = f" and {len(thin) - _LISTED} more" if len(thin) > _LISTED else ""
            yield f"some classes are not in every split: {', '.join(thin[:_LISTED])}{more}"
        for first, second, rows in self.overlaps:
            total = int(np.count_nonzero(self.codes == second))
            yield f"{rows:,} of {total:,} {SPLITS[second]} rows have a text that is also in {SPLITS[first]}"
        for first, second, rows in self.alike_overlaps:
            yield (
                f"{rows:,} {SPLITS[second]} rows are equal to one in {SPLITS[first]} but for case, spaces, signs and "
                "links"
            )
        for first, second, rows in self.near_overlaps:
            total = int(np.count_nonzero(self.codes == second))
            if rows >= max(_TOLD_ROWS, _TOLD_SHARE * total):
                yield (
                    f"{rows:,} of {total:,} {SPLITS[second]} rows share most of their words with one in "
                    f"{SPLITS[first]}; --near-duplicates drop leaves such rows out, group keeps them in one split"
                )


def divide_rows(staged: StagedRows, config: PrepareConfig) -> Division:
    """Name the classes and assign each row to a split.

    Raises:
        InputError: there are no texts or labels, or fewer than two classes, or hardly two rows of any class.
    """
    facts = staged.facts
    _refuse_without_text(staged)
    used = _name_used_classes(staged, config)
    rows = _gather_rows(facts, used, one_file=len(staged.sources) == 1)
    guessed = np.frombuffer(facts.guessed, np.int8).astype(bool) if facts.guessed else np.zeros(len(facts), bool)
    _refuse_without_people(staged, rows, guessed)
    _refuse_without_classes(staged, used.names, int(np.count_nonzero(rows.labels >= 0)))
    shares, split_by = _plan_shares(staged, rows, config)
    near = _find_near_duplicates(staged, config, rows)
    if near is not None and config.near_duplicates == "group":
        rows = replace(rows, groups=[*rows.groups, near])
    kept = choose_distinct(near, rows, config.seed) if near is not None and config.near_duplicates == "drop" else None
    codes = assign_splits(rows, shares, config.seed) if kept is None else _assign_some(rows, kept, shares, config.seed)
    keys = np.frombuffer(facts.keys, np.uint64)
    any_given = bool(np.any((rows.given == VAL) | (rows.given == TEST)))
    overlaps = tuple(find_overlaps(rows.texts, codes)) if any_given else ()
    return Division(
        names=used.names,
        notes=used.notes,
        labels=rows.labels,
        codes=codes,
        split_by=split_by,
        dropped=_count_dropped(staged, rows, codes, kept),
        duplicates=count_duplicates(rows.texts),
        conflicts=find_conflicts(rows.texts, rows.labels, _LISTED_CONFLICTS),
        overlaps=overlaps,
        alike=count_duplicates(keys),
        near=None if near is None else count_duplicates(near),
        alike_overlaps=_subtract_overlaps(find_overlaps(keys, codes), overlaps) if any_given else (),
        near_overlaps=() if near is None else tuple(find_overlaps(near, codes)),
        guessed=int(np.count_nonzero(guessed & (codes == TRAIN) & (rows.labels >= 0))),
        kind=used.kind,
        sets=used.sets,
        form=used.form,
    )


@dataclass(frozen=True)
class _UsedLabels:
    """The classes, and which each written label means; where rows have several, which of `sets`."""

    names: tuple[str, ...]
    number_of: Mapping[str, int]
    notes: tuple[str, ...]
    sets: tuple[tuple[int, ...], ...] | None = None
    form: LabelForm | None = None
    kind: str = SINGLE


def _name_used_classes(staged: StagedRows, config: PrepareConfig) -> _UsedLabels:
    """Name the classes of all rows, without those that the source itself puts among the unlabeled."""
    facts = staged.facts
    written, given = np.frombuffer(facts.labels, np.int32), np.frombuffer(facts.given, np.int8)
    used, counts = np.unique(written[(written >= 0) & (given != UNLABELED)], return_counts=True)
    names = list(facts.label_names)
    rules = LabelRules(
        source=next(iter(staged.sources)),
        column=staged.roles.label.name if staged.roles.label else "label",
        missing=parse_missing(config.missing),
        whole=config.multi_label is False,
        people=staged.people,
    )
    cells = {names[place]: int(count) for place, count in zip(used, counts, strict=True)}
    form, notes = _choose_form(staged, config, cells, rules)
    if form is None:
        naming = name_classes(cells, rules)
        return _order_classes(naming, rules, config)
    if config.ordered or config.order is not None:
        raise InputError(
            f"column `{rules.column}` of `{rules.source}` has several labels a row, and --ordered is about one class",
            "--no-multi-label makes a class of each combination",
        )
    found = name_label_sets(cells, form, rules, notes)
    _refuse_labels_without_rows(staged, found.names)
    places: dict[tuple[int, ...], int] = {}
    number_of = {cell: places.setdefault(labels, len(places)) for cell, labels in found.sets_of.items()}
    return _UsedLabels(found.names, number_of, found.notes, tuple(places), form, SEVERAL)


def _order_classes(naming: Naming, rules: LabelRules, config: PrepareConfig) -> _UsedLabels:
    """Return the classes in the order that the options say, or propose one; or in levels."""
    if config.nested or (config.nested is None and not config.ordered and are_nested(naming.names)):
        return _nest_classes(naming, rules, config)
    if not config.ordered and config.order is None:
        proposal = None if config.ordered is False else propose_order(naming.names)
        notes = naming.notes if proposal is None else (*naming.notes, proposal)
        return _UsedLabels(naming.names, naming.class_of, notes)
    names = order_classes(naming.names, rules, config.order)
    places = [names.index(name) for name in naming.names]
    number_of = {label: places[number] for label, number in naming.class_of.items()}
    return _UsedLabels(names, number_of, naming.notes, kind=ORDERED)


def _nest_classes(naming: Naming, rules: LabelRules, config: PrepareConfig) -> _UsedLabels:
    """Return classes in levels, and tell that they are where that was found out."""
    column = f"column `{rules.column}` of `{rules.source}`"
    edge = LEVELS.strip()
    odd = next((name for name in naming.names if "" in map(str.strip, f" {name} ".split(f" {edge} "))), None)
    if odd is not None:
        raise InputError(f"the class `{odd}` in {column} has a level without a name", "--no-nested takes it as it is")
    if not any(LEVELS in name for name in naming.names):
        raise InputError(
            f"--nested: no class in {column} has a `>` with spaces around it, so that there is one level only",
            "--levels names the columns of the levels: --levels area,topic",
        )
    tree = Tree(naming.names)
    told = (
        f"the classes are in {tree.depth} levels, parted by `>`: scores are told for each; --no-nested takes them as "
        "plain names",
    )
    notes = naming.notes if config.nested or config.levels else (*naming.notes, *told)
    return _UsedLabels(naming.names, naming.class_of, notes, kind=NESTED)


def _choose_form(
    staged: StagedRows, config: PrepareConfig, cells: Mapping[str, int], rules: LabelRules
) -> tuple[LabelForm | None, list[str]]:
    """Return how rows write several labels, None where each has one, and what is to be told of it."""
    if staged.label_columns:
        return LabelForm(COLUMNS), []
    if config.label_separator is not None:
        if not any(config.label_separator in cell for cell in cells):
            raise InputError(
                f"no label of `{rules.source}` has `{config.label_separator}` in it",
                "--label-separator names what stands between two labels; without it, that is detected",
            )
        return LabelForm(sign=config.label_separator), []
    found = find_form(cells, rules, config.multi_label or (staged.several_given and config.multi_label is None))
    return (None, []) if found is None else (found[0], [found[1]] if found[1] and not config.multi_label else [])


def _refuse_labels_without_rows(staged: StagedRows, names: Sequence[str]) -> None:
    missing = [column for column in staged.label_columns if column not in names]
    if missing:
        rest = ",".join(column for column in staged.label_columns if column in names)
        raise InputError(
            f"no row of `{next(iter(staged.sources))}` has the label `{missing[0]}`: its column holds no 1",
            f"--label-columns {rest} leaves it out" if rest else None,
        )


def _gather_rows(facts: RowFacts, used: _UsedLabels, one_file: bool) -> SplitRows:
    class_of = [used.number_of.get(label, -1) for label in facts.label_names]
    lookup = np.array([*class_of, -1], np.int32)  # the last place is for -1, no label
    return SplitRows(
        texts=np.frombuffer(facts.texts, np.uint64),
        labels=lookup[np.frombuffer(facts.labels, np.int32)],
        given=np.frombuffer(facts.given, np.int8),
        groups=[np.frombuffer(keys, np.uint64) for keys in (facts.keys, facts.groups, facts.origins) if keys],
        copies=_mark_train_only(facts),
        # Rows of two files may have the same id and be different rows.
        origins=np.frombuffer(facts.origins, np.uint64) if facts.origins and one_file else None,
        sets=used.sets,
    )


def _find_near_duplicates(staged: StagedRows, config: PrepareConfig, rows: SplitRows) -> Hashes | None:
    """Return a number for each row that near-duplicates share, (N,); None where there are too many to look unasked."""
    if config.near_duplicates is None and len(staged.facts) > _COUNTED_ROWS:
        return None
    from txt.data.near_duplicates import group_near_duplicates

    name = staged.roles.text.name
    groups = group_near_duplicates(
        lambda: (batch.column(name).to_pylist() for batch in staged.batches()), len(staged.facts)
    )
    if rows.copies is not None:  # a copy is meant to be like its original
        copies = np.flatnonzero(rows.copies)
        groups[copies] = groups.max(initial=0) + 1 + np.arange(len(copies))
    return groups.astype(np.uint64)


def _assign_some(rows: SplitRows, kept: Mask, shares: Shares, seed: int) -> SplitCodes:
    """Return the split of each row, (N,), LEFT_OUT for those that are not kept."""
    some = SplitRows(
        rows.texts[kept],
        rows.labels[kept],
        rows.given[kept],
        [keys[kept] for keys in rows.groups],
        None if rows.copies is None else rows.copies[kept],
        None if rows.origins is None else rows.origins[kept],
        rows.sets,
    )
    codes = np.full(len(kept), LEFT_OUT, np.int8)
    codes[kept] = assign_splits(some, shares, seed)
    return codes


def _subtract_overlaps(
    wider: Iterator[tuple[int, int, int]], narrower: Sequence[tuple[int, int, int]]
) -> tuple[tuple[int, int, int], ...]:
    """Return the overlaps without the rows that are counted in others already."""
    known = {(first, second): rows for first, second, rows in narrower}
    rest = ((first, second, rows - known.get((first, second), 0)) for first, second, rows in wider)
    return tuple(each for each in rest if each[2])


def _mark_train_only(facts: RowFacts) -> npt.NDArray[np.bool_] | None:
    """Return which rows may be in train only: copies, and those whose label no person gave."""
    masks = [np.frombuffer(each, np.int8).astype(bool) for each in (facts.copies, facts.guessed) if each]
    return np.logical_or.reduce(masks) if masks else None


def _count_dropped(staged: StagedRows, rows: SplitRows, codes: SplitCodes, kept: Mask | None) -> dict[str, int]:
    left_out = codes == LEFT_OUT if kept is None else (codes == LEFT_OUT) & kept
    counted = {
        "no text": staged.rows_without_text,
        "copies of val or test rows": int(np.count_nonzero(left_out & (rows.labels >= 0))),
        "unlabeled, and labeled elsewhere": int(np.count_nonzero(left_out & (rows.labels < 0))),
        "near-duplicates of other rows": 0 if kept is None else int(np.count_nonzero(~kept)),
    }
    return {why: count for why, count in counted.items() if count}


def _refuse_without_text(staged: StagedRows) -> None:
    if not len(staged.facts):
        name, source = staged.roles.text.name, next(iter(staged.sources))
        raise InputError(
            f"column `{name}` of `{source}` is empty in every row", "name the text's column with --text-column"
        )


def _refuse_without_classes(staged: StagedRows, names: Sequence[str], labeled: int) -> None:
    source = next(iter(staged.sources))
    column = staged.roles.label.name if staged.roles.label else ""
    if not names:
        why = f"column `{column}` is empty" if staged.label_store is None else f"`{staged.label_store}` holds none"
        raise InputError(f"no row of `{source}` has a label: {why}", f"label some first: txt label {source}")
    if len(names) == 1:
        raise InputError(
            f"every labeled row of `{source}` has the label `{names[0]}`, and a classifier needs two classes",
            f"column `{column}` was taken for the label; --label-column names another",
        )
    if len(names) > max(_MANY_CLASSES, labeled / 2):
        raise InputError(
            f"column `{column}` of `{source}` has {len(names):,} different values in {labeled:,} rows, not classes",
            "name another column with --label-column",
        )


def _refuse_without_people(staged: StagedRows, rows: SplitRows, guessed: npt.NDArray[np.bool_]) -> None:
    labeled = rows.labels >= 0
    if guessed.any() and not (labeled & ~guessed).any():
        raise InputError(
            f"all labels of `{next(iter(staged.sources))}` come from rules or a model: there are none to test with",
            "label a hundred rows or so by hand, and export again",
        )


def _plan_shares(staged: StagedRows, rows: SplitRows, config: PrepareConfig) -> tuple[Shares, str]:
    """Return the shares still to be taken from the train rows, and a description of where the splits come from."""
    has_val, has_test = (bool(np.any((rows.given == split) & (rows.labels >= 0))) for split in (VAL, TEST))
    rest = 1 - config.train_split - config.val_split
    rest = rest if rest > 1e-9 else 0.0
    shares = Shares(0.0 if has_val else config.val_split, 0.0 if has_test else rest)
    if not (has_val or has_test):
        return shares, f"made here: {config.train_split:g} / {config.val_split:g} / {rest:g}, seed {config.seed}"
    made = f"column `{staged.roles.split.name}`" if staged.roles.split else "the given files"
    if has_val and has_test:
        return shares, made
    missing, share = ("test", shares.test) if has_val else ("val", shares.val)
    return shares, f"{made}; {missing} is {share:g} of the train rows, seed {config.seed}"


def _list_names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)
