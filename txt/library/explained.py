"""Errors and warnings as a Python program meets them: exceptions with the fix, in terms of parameters, not of flags."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from txt.config import PredictConfig, PrepareConfig, TrainConfig
from txt.errors import InputError, Interrupted, TxtError
from txt.option_schema import list_options

_FLAG = re.compile(r"--(?:no-)?[a-z][a-z-]+")


class TxtWarning(UserWarning):
    """Something about data or a model that the user should know; the work goes on."""


class BadInputError(InputError, ValueError):
    """An InputError as a library raises it: what catches ValueError catches it too, as scikit-learn's users do."""


@contextmanager
def explain_in_python() -> Iterator[None]:
    """Raise what goes wrong inside as an exception whose traceback ends with the hint, flags written as parameters.

    Raises:
        BadInputError: for an InputError.
        TxtError: for any other.
    """
    try:
        yield
    except BadInputError:
        raise
    except TxtError as error:
        kind: type[TxtError] = BadInputError if isinstance(error, InputError) else type(error)
        if isinstance(error, Interrupted):
            kind = Interrupted
        hint = write_as_parameters(error.hint) if error.hint else None
        told = kind(write_as_parameters(error.message), hint)
        if hint:
            told.add_note(f"hint: {hint}")
        raise told from None


def write_as_parameters(message: str) -> str:
    """Return a message in which the flags of options stand as parameters: `--val-split` as `val_split`."""
    return _FLAG.sub(lambda found: _PARAMETERS.get(found[0], found[0]), message)


_PARAMETERS = {
    flag: item.name
    for kind in (PredictConfig, PrepareConfig, TrainConfig)
    for item in list_options(kind).values()
    for flag in item.flags
}
