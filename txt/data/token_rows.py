"""Token ids of some texts laid end to end, as a model takes them."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True)
class TokenRows:
    """Rows of token ids: row r has `ids[offsets[r]:offsets[r + 1]]`."""

    ids: npt.NDArray[np.int32]
    offsets: npt.NDArray[np.integer]

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """Tokens of each row, (N,)."""
        return np.diff(self.offsets).astype(np.int64)

    def gather(self, rows: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """Return the token ids of some rows laid end to end, and their lengths (B,)."""
        parts = [self.ids[self.offsets[row] : self.offsets[row + 1]] for row in rows]
        return np.concatenate([np.empty(0, np.int64), *parts], dtype=np.int64), self.lengths[rows]
