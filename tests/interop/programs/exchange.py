"""What the reference's programs share: connecting, and printing rows so that we can read them exactly.

Runs in the reference's interpreter, 0.14 or 2.x; it knows nothing of our library.
"""

import datetime
import json
import os
import sys
import uuid
from decimal import Decimal
from pathlib import Path

QUESTION = json.load(sys.stdin)
for name, value in QUESTION["environment"].items():
    os.environ[name] = value

import datajoint as dj  # noqa: E402  it reads the environment when it is imported

import numpy as np  # noqa: E402

OLD = dj.__version__.startswith("0.")
dj.config["safemode"] = False
if OLD:
    dj.config["display.limit"] = 12
    for key, value in QUESTION["settings"].items():
        dj.config[key] = value
else:
    for key, value in QUESTION["settings"].items():
        dj.config[key] = value
NAME = QUESTION["schema"]
FOLDER = Path(QUESTION["folder"])


def plain(value):
    """A value as JSON that keeps its type."""
    if value is None or isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, float):
        return {"float": value.hex()}
    if isinstance(value, np.ndarray):
        if value.dtype.names or value.dtype == object:
            return {"list": [plain(item) for item in value.tolist()]}
        return (
            {
                "array": [[float.hex(float(v.real)), float.hex(float(v.imag))] for v in np.asarray(value).ravel()],
                "shape": list(value.shape),
                "dtype": str(value.dtype),
            }
            if np.asarray(value).dtype.kind == "c"
            else {
                "array": np.asarray(value).tolist() if value.dtype.kind != "M" else value.astype(str).tolist(),
                "dtype": str(value.dtype),
            }
        )
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": bytes(value).hex()}
    if isinstance(value, datetime.datetime):
        return {"datetime": value.isoformat()}
    if isinstance(value, datetime.date):
        return {"date": value.isoformat()}
    if isinstance(value, datetime.timedelta):
        return {"seconds": value.total_seconds()}
    if isinstance(value, datetime.time):
        return {
            "seconds": (datetime.datetime.combine(datetime.date.min, value) - datetime.datetime.min).total_seconds()
        }
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, uuid.UUID):
        return {"uuid": str(value)}
    if isinstance(value, Path):
        return {"file": value.read_bytes().hex()}
    if isinstance(value, dict):
        return {"dict": [[plain(key), plain(item)] for key, item in value.items()]}
    if isinstance(value, (list, tuple)):
        return {"list": [plain(item) for item in value]}
    if hasattr(value, "read"):
        return {"file": value.read().hex()}
    return {"other": repr(value)}


def rows_of(table):
    """The rows of a table, as plain values, in the order of the primary key."""
    query = table() if isinstance(table, type) else table
    order = "KEY" if query.primary_key else None
    rows = query.fetch(as_dict=True, order_by=order) if OLD else query.to_dicts(order_by=order)
    return [{name: plain(value) for name, value in row.items()} for row in rows]


def answer(**items):
    """Print what the tests wait for, below whatever was printed before."""
    sys.stdout.write("\n" + json.dumps(items) + "\n")
