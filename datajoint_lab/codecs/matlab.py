"""MATLAB's cells and structs as arrays, so that what MATLAB stored goes back as what it was."""

from __future__ import annotations

from typing import Any

import numpy as np


class MatCell(np.ndarray[Any, np.dtype[np.object_]]):
    """A cell array: an array of objects that is stored as a MATLAB cell.

    >>> cell = np.empty((1, 2), dtype=object).view(MatCell)
    >>> cell[0, 0], cell[0, 1] = np.eye(2), "text"
    """


class MatStruct(np.recarray[Any, Any]):
    """A struct array: a record array with fields of objects that is stored as a MATLAB struct.

    >>> rows = np.array([(np.eye(2), 5)], dtype=[("matrix", object), ("count", object)])
    >>> rows.view(MatStruct).count[0]
    5
    """
