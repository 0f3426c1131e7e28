"""The folder of a study, studies/NAME: study.json, journal.log or the URL of a database, workers/, results.csv."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from txt.consent import allow, allow_data, find_project, is_allowed, require_data
from txt.errors import InputError, did_you_mean
from txt.files import FORMAT, read_json, write_json
from txt.json_input import take_field
from txt.runs.folder import RUNS, STUDIES, check_name

if TYPE_CHECKING:
    from optuna.storages import BaseStorage

STORAGE = "storage"
"""The kind of what is allowed where a study names a database."""


@dataclass(frozen=True)
class StudyFolder:
    """Where a study lives; with a database, only what this machine needs to take part."""

    path: Path

    @classmethod
    def new(cls, name: str | None) -> "StudyFolder":
        """Make the folder of a study, or find the one that is there.

        Raises:
            InputError: the name is not a plain folder name.
        """
        if name is None:
            name = next(f"{number:03d}" for number in count(1) if not (STUDIES / f"{number:03d}").exists())
        check_name(name, "--name")
        path = STUDIES / name
        path.mkdir(parents=True, exist_ok=True)
        return cls(path)

    @classmethod
    def open(cls, name_or_path: str) -> "StudyFolder":
        """Find a study by its name under `studies/`, or by its path.

        Raises:
            InputError: there is none of this name; those that exist are listed.
        """
        for path in (Path(name_or_path), STUDIES / name_or_path):
            if (path / "study.json").is_file():
                return cls(path)
        names = sorted(path.parent.name for path in STUDIES.glob("*/study.json"))
        close = did_you_mean(Path(name_or_path).name, names) or ""
        there = f"there are: {', '.join(names[:10])}" if names else "`txt grid` makes one"
        raise InputError(f"study `{name_or_path}` does not exist", f"{close} {there}".lstrip())

    @property
    def name(self) -> str:
        """The study's name."""
        return self.path.name

    @property
    def prepared(self) -> Path:
        """Where data is prepared that was given as a file."""
        return self.path / "prepared"

    @property
    def results(self) -> Path:
        """The table of all trials."""
        return self.path / "results.csv"

    @property
    def workers(self) -> Path:
        """The workers' logs."""
        return self.path / "workers"

    @property
    def runs(self) -> Path:
        """Where the trials' runs are, beside all others."""
        return self.path.resolve().parents[1] / RUNS

    def exists(self) -> bool:
        """Return whether a study was begun here."""
        return (self.path / "study.json").is_file()

    def describe(self, prepared: Path, storage: str | None) -> None:
        """Write study.json: where the data is and, without its password, the database, which was typed here."""
        from txt.search.storage import without_password  # optuna, which a wrong name need not wait for

        shown = without_password(storage) if storage else None
        allow_data(find_project(self.path, STUDIES.name), prepared)
        if shown is not None:
            allow(STORAGE, *self.storage_key(shown))
        write_json(self.path / "study.json", {"format": FORMAT, "prepared": str(prepared.resolve()), "storage": shown})

    def prepared_path(self) -> Path:
        """Return the folder of prepared data on this machine.

        Raises:
            NotAllowedError: it lies outside the study's project, and the user has not named or allowed it.
        """
        path = self.path / "study.json"
        written = Path(take_field(read_json(path), "prepared", str, f"`{path}`"))
        return require_data(f"study `{self.name}`", find_project(self.path, STUDIES.name), written)

    def storage_url(self) -> str | None:
        """Return the URL of the database, without its password; None where the study is kept in a journal."""
        from txt.search.storage import without_password

        path = self.path / "study.json"
        url = take_field(read_json(path), "storage", str | None, f"`{path}`", None)
        return None if url is None else without_password(url)

    def storage_key(self, url: str) -> tuple[str, str]:
        """Return what an allowance to open the database of this study is about."""
        return str(self.path.resolve()), url

    def describe_storage(self, url: str) -> str:
        """Say which database this study names."""
        return f"study `{self.name}` says that it is kept in the database `{url}`, which was not typed here"

    def storage(self, url: str | None = None) -> "BaseStorage":
        """Open the storage; `url` is the database's, as the user typed it.

        A database that only study.json names is not opened before the user has allowed it: to open one is to connect to
        it, and to make tables in it.

        Raises:
            InputError: it cannot be opened, or is not allowed.
        """
        from txt.search.storage import open_database, open_journal

        known = url or (self.storage_url() if self.exists() else None)
        if known is not None and url is None and not is_allowed(STORAGE, *self.storage_key(known)):
            raise InputError(self.describe_storage(known), f"--storage {known} opens it")
        return open_database(known) if known else open_journal(self.path / "journal.log")
