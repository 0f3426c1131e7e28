from tests.evaluation.conftest import born_run
from tests.prediction.conftest import run

__all__ = ["born_run", "run"]
