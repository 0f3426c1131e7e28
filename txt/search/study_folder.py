"""The folder of a study, studies/NAME: study.json, journal.log or the URL of a database, workers/, results.csv."""

from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from txt.errors import InputError, did_you_mean
from txt.files import FORMAT, read_json, write_json
from txt.runs.folder import RUNS, STUDIES, check_name

if TYPE_CHECKING:
    from optuna.storages import BaseStorage


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
        """Write study.json: where the data is and, without its password, the database."""
        from txt.search.storage import without_password  # optuna, which a wrong name need not wait for

        shown = without_password(storage) if storage else None
        write_json(self.path / "study.json", {"format": FORMAT, "prepared": str(prepared.resolve()), "storage": shown})

    def prepared_path(self) -> Path:
        """Return the folder of prepared data on this machine."""
        return Path(str(read_json(self.path / "study.json")["prepared"]))

    def storage_url(self) -> str | None:
        """Return the URL of the database, without its password; None where the study is kept in a journal."""
        url = read_json(self.path / "study.json")["storage"]
        return None if url is None else str(url)

    def storage(self, url: str | None = None) -> "BaseStorage":
        """Open the storage; `url` is the database's with its password, where one is needed.

        Raises:
            InputError: it cannot be opened.
        """
        from txt.search.storage import open_database, open_journal

        known = url or (self.storage_url() if self.exists() else None)
        return open_database(known) if known else open_journal(self.path / "journal.log")
