"""A pipeline in a module, as workers import it. The environment says where it is and how make behaves."""

from __future__ import annotations

import os
import time
from typing import Any

import datajoint_lab as dj

schema = dj.Schema(os.environ["LAB_SCHEMA"])
LOG = os.environ.get("LAB_LOG")
SECONDS = float(os.environ.get("LAB_SECONDS", "0"))


@schema
class Number(dj.Manual):
    definition = """
    number : int32
    ---
    """


@schema
class Square(dj.Computed):
    definition = """
    -> Number
    ---
    square : int64
    """

    def make(self, key: dict[str, Any]) -> None:
        if LOG:
            with open(LOG, "a") as file:  # noqa: PTH123  one write each, so that lines of several processes do not mix
                file.write(f"{key['number']}\n")
        if SECONDS:
            time.sleep(SECONDS)
        self.insert1({**key, "square": key["number"] ** 2})
