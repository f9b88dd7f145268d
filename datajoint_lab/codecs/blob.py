"""Python and NumPy values as bytes and back, in the format that existing DataJoint databases hold.

The format is described in `blob_format.py`. No value is ever executed: there is no pickle and no eval here.
"""

from __future__ import annotations

from datajoint_lab.codecs.blob_describe import describe
from datajoint_lab.codecs.blob_read import unpack
from datajoint_lab.codecs.blob_write import pack
from datajoint_lab.codecs.matlab import MatCell, MatStruct

__all__ = ["MatCell", "MatStruct", "describe", "pack", "unpack"]
