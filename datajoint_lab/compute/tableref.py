"""A computed table on its way to another process: by the name of its class, or with its code.

A class of a module is imported on the other side. One that is defined in a notebook, a script or a function cannot be,
so its code travels (cloudpickle), together with what its `make` refers to. Passwords never travel this way.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from ..errors import DataJointError

if TYPE_CHECKING:
    from .tables import AutoPopulated


class TableRef:
    """A computed table that may be pickled; `table` is an instance of its class, here or on the other side."""

    def __init__(self, cls: type[AutoPopulated]) -> None:
        self.cls = cls

    @property
    def table(self) -> AutoPopulated:
        """The table."""
        return self.cls()

    def __reduce__(self) -> tuple[Any, ...]:
        if is_importable(self.cls):
            return _import, (self.cls.__module__, self.cls.__qualname__)
        return _rebuild, (_with_code(self.cls),)


def is_importable(cls: type) -> bool:
    """Whether another process finds the class by its name."""
    module = sys.modules.get(cls.__module__)
    if module is None or cls.__module__ == "__main__" or "<locals>" in cls.__qualname__:
        return False
    try:
        found = attrgetter(cls.__qualname__)(module)
        return found is cls and importlib.util.find_spec(cls.__module__) is not None
    except (AttributeError, ValueError, ImportError):
        return False


def _import(module: str, qualname: str) -> TableRef:
    try:
        cls = attrgetter(qualname)(importlib.import_module(module))
    except ImportError as error:
        raise DataJointError(
            f"{qualname} cannot be computed in another process, which cannot import {module}: {error}",
            "install the module there, or put its folder on PYTHONPATH",
        ) from error
    except AttributeError as error:
        raise DataJointError(
            f"{module} has no {qualname} in this process", "use the same version of the code everywhere"
        ) from error
    if cls._design is None:
        raise DataJointError(
            f"{module}.{qualname} has no table in this process", "activate its schema where the module is imported"
        )
    return TableRef(cls)


def _with_code(cls: type) -> bytes:
    try:
        import cloudpickle  # only for classes that cannot be imported
    except ImportError as error:
        raise DataJointError(
            f"{cls.__name__} is defined in {cls.__module__}, which other processes cannot import, "
            "so its code has to be sent to them",
            "pip install cloudpickle, or move the class into a module",
        ) from error
    made = cls.__dict__.get("_job_class")
    if made is not None:
        type.__delattr__(cls, "_job_class")  # made again over there
    try:
        return bytes(cloudpickle.dumps(cls))
    except Exception as error:
        raise DataJointError(
            f"{cls.__name__} cannot be sent to another process: {error}",
            "its make refers to something that stays in this process, such as an open file: open it inside of make",
        ) from error


def _rebuild(code: bytes) -> TableRef:
    try:
        import cloudpickle
    except ImportError as error:
        raise DataJointError(
            "this process was sent the code of a table and cannot read it", "pip install cloudpickle"
        ) from error
    return TableRef(cloudpickle.loads(code))
