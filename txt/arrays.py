"""The types of arrays that pass between modules; whoever imports this has numpy loaded."""

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
