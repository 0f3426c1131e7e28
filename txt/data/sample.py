"""The sample data that come with the package."""

from pathlib import Path

from txt.errors import TxtError


def find_sample_file(name: str) -> Path:
    """Return the path of a file of sample_data: inside the installed package, or at the root of a checkout.

    Raises:
        TxtError: the package was installed without it.
    """
    package = Path(__file__).resolve().parents[1]
    for folder in (package / "sample_data", package.parent / "sample_data"):
        if (folder / name).is_file():
            return folder / name
    raise TxtError(f"the sample file `{name}` is missing from this installation", "install txt-toolkit again")
