"""Every option of every long command, declared once: a file a command.

A configuration checks its values when it is made, before any work begins, and its errors quote the flag.
"""

from txt.config.augment import EDITS, AugmentConfig
from txt.config.explore import ExploreConfig
from txt.config.grid import GridConfig
from txt.config.label import LABEL_FORMATS, LabelConfig
from txt.config.lrfind import LRFindConfig
from txt.config.predict import PredictConfig
from txt.config.prepare import READING, PrepareConfig
from txt.config.serve import ServeConfig
from txt.config.shared import check_device
from txt.config.train import TRACKERS, TrainConfig

__all__ = [
    "EDITS",
    "LABEL_FORMATS",
    "READING",
    "TRACKERS",
    "AugmentConfig",
    "ExploreConfig",
    "GridConfig",
    "LRFindConfig",
    "LabelConfig",
    "PredictConfig",
    "PrepareConfig",
    "ServeConfig",
    "TrainConfig",
    "check_device",
]
