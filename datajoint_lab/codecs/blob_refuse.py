"""What a blob cannot hold, and what to store instead."""

from __future__ import annotations

_LONGEST_PATH = 6


class RefusedError(Exception):
    """Something in a value cannot be stored. Containers on the way out add where it stood."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what)
        self.what = what
        self.advice = advice
        self.path: list[str] = []  # from the inside out

    @property
    def where(self) -> str:
        """Its place in the value in words, or nothing if it is the value itself."""
        path = self.path[::-1]
        if len(path) > _LONGEST_PATH:
            path = [*path[: _LONGEST_PATH - 1], "…", path[-1]]
        return f" (at value{''.join(path)})" if path else ""


ADVICE_BY_DTYPE = {
    "f": "store value.astype('float32') or value.astype('float64')",
    "c": "store value.astype('complex128')",
    "m": "store value.astype('int64') and its unit",
    "V": "store value.tobytes() and its shape",
}
_ADVICE_BY_TYPE = {
    ("pandas", "DataFrame"): "store frame.to_records(index=False) or frame.to_dict('list')",
    ("pandas", "Series"): "store series.to_numpy()",
    ("polars", "DataFrame"): "store frame.to_dict(as_series=False)",
    ("polars", "Series"): "store series.to_numpy()",
    ("datetime", "timedelta"): "store value.total_seconds()",
    ("numpy", "timedelta64"): "store value.astype('int64') and its unit",
    ("numpy", "void"): "store dict(zip(value.dtype.names, value)), or an array of one row",
    ("numpy", "record"): "store dict(zip(value.dtype.names, value)), or an array of one row",
    ("torch", "Tensor"): "store value.numpy(force=True)",
    ("builtins", "generator"): "store list(value)",
}


def refusal(value: object) -> RefusedError:
    """Return the error that says what `value` is, and what people store instead of it."""
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    advice = _ADVICE_BY_TYPE.get((root, kind.__name__))
    if advice is None:
        if callable(value):
            advice = "code is not data: store its name and parameters"
        elif hasattr(value, "toarray"):
            advice = "store value.toarray(), or the arrays that it is made of"
        elif hasattr(value, "__array__"):
            advice = "store numpy.asarray(value)"
        elif hasattr(value, "__fspath__"):
            advice = "store str(value)"
        elif hasattr(value, "__dataclass_fields__"):
            advice = "store dataclasses.asdict(value)"
        else:
            advice = "store its parts in a dict, or define a codec for it"
    return RefusedError(f"a {type_name(value)}", advice)


def type_name(value: object) -> str:
    """Return the name of the type of `value` as people write it: `pandas.DataFrame`."""
    kind = type(value)
    root = kind.__module__.partition(".")[0]
    return kind.__qualname__ if root in ("builtins", "__main__") else f"{root}.{kind.__qualname__}"
