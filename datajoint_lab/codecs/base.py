"""Codecs: what they are, how they are found by name, and how they are chained down to a core type."""

from __future__ import annotations

import inspect
import re
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeAlias, TypedDict

from datajoint_lab.codecs.blob_describe import size_text
from datajoint_lab.errors import CodecError, DataJointError, InvalidValueError, did_you_mean

ENTRY_POINTS = "datajoint_lab.codecs"

_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_SPECIFICATION = re.compile(r"<\s*([A-Za-z_]\w*)\s*(?:(@)\s*([\w-]*)\s*)?>", re.ASCII)


class Context(TypedDict, total=False):
    """Where a value lives: told to codecs whose methods take `context`, by whoever inserts or fetches."""

    schema: str
    table: str
    field: str
    config: object
    download_path: str


class Codec(ABC):
    """A type of attribute, `<name>`, whose values are stored as values of another type.

    A subclass with a `name` registers itself; with `register=False` it does not, for classes to inherit from.
    `encode` and `decode` may leave out the keywords that they do not need, and may also ask for
    `store_name: str | None` and for `context: Context | None`; they are given those that they take.

    See "Type Adaptors" of the specification.

    >>> class Fraction(Codec, register=False):
    ...     name = "fraction"
    ...
    ...     def get_dtype(self, is_store: bool) -> str:
    ...         return "varchar(80)"
    ...
    ...     def encode(self, value, *, key=None, store=None):
    ...         return str(value)
    ...
    ...     def decode(self, stored, *, key=None, store=None):
    ...         from fractions import Fraction
    ...
    ...         return Fraction(stored)
    >>> Fraction().decode("1/3")
    Fraction(1, 3)
    """

    name: ClassVar[str | None] = None

    def __init_subclass__(cls, *, register: bool = True, **parameters: Any) -> None:
        """Register the class under its name, unless it is abstract or nameless."""
        super().__init_subclass__(**parameters)
        if register and cls.name is not None and not inspect.isabstract(cls):
            _register(cls)

    @abstractmethod
    def get_dtype(self, is_store: bool) -> str:
        """Return the stored type: a core type such as `json` or `varchar(255)`, or another codec such as `<blob>`.

        `is_store` tells that the attribute is declared as `<name@store>`. Raise `DataJointError` where values
        must, or cannot, be in a store.
        """

    @abstractmethod
    def encode(self, value: Any, *, key: Mapping[str, object] | None = None, store: object | None = None) -> Any:
        """Return the value to store, of the type that `get_dtype` names.

        `key` holds the primary key of the row, `store` the object store of `<name@store>`.
        """

    @abstractmethod
    def decode(self, stored: Any, *, key: Mapping[str, object] | None = None, store: object | None = None) -> Any:
        """Return the value that `encode` was given."""

    def validate(self, value: Any) -> None:  # noqa: B027  a hook that most codecs leave alone
        """Raise `TypeError` or `ValueError` to refuse a value, before anything is stored. Accepts all by default."""

    def describe(self, prefix: bytes, size: int) -> str:
        """Return a few words for a preview, from the first bytes and the size of stored bytes."""
        return size_text(size)

    def __repr__(self) -> str:
        return f"<{type(self).__qualname__} <{self.name}>>"


# --- the registry ---

_codecs: dict[str, type[Codec]] = {}
_instances: dict[str, Codec] = {}
_chains: dict[tuple[str, bool], Chain] = {}
_loading = threading.RLock()
_plugins_loaded = False
_broken_plugins: dict[str, Exception] = {}


def _register(cls: type[Codec]) -> None:
    name = cls.name
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CodecError(
            f"the codec {cls.__qualname__} cannot be named {name!r}",
            "a name is made of letters, digits and underscores",
        )
    known = _codecs.get(name)
    if known is not None and issubclass(cls, known) and "name" not in vars(cls):
        return  # a refinement that does not ask for a name of its own
    if known is not None and (known.__module__, known.__qualname__) != (cls.__module__, cls.__qualname__):
        raise CodecError(
            f"the codec <{name}> is already defined by {known.__module__}.{known.__qualname__}",
            f"give {cls.__module__}.{cls.__qualname__} another name",
        )
    _codecs[name] = cls
    _instances.pop(name, None)
    _chains.clear()


def get_codec(name: str) -> Codec:
    """Return the codec of a name, written `blob`, `<blob>` or `<blob@store>`.

    Raises `CodecError` if there is none; it tells what there is, and which plugins failed to load.

    >>> get_codec("<blob@raw>")
    <BlobCodec <blob>>
    """
    specification = _SPECIFICATION.fullmatch(name.strip())
    if specification:
        name = specification[1]
    if name not in _codecs:
        _load_plugins()
    with _loading:
        if name not in _codecs:
            raise _unknown(name)
        if name not in _instances:
            _instances[name] = _codecs[name]()
        return _instances[name]


def list_codecs() -> list[str]:
    """Return the names of all codecs, sorted: built in, defined in this process, and from installed packages.

    >>> "blob" in list_codecs()
    True
    """
    _load_plugins()
    return _listed()


def _listed() -> list[str]:
    """The names that people may write; those of what older versions stored are only read."""
    return sorted(name for name in _codecs if not name.startswith("external_"))


def _load_plugins() -> None:
    """Import what installed packages announce as codecs, once. What fails is told when its codec is asked for."""
    global _plugins_loaded  # noqa: PLW0603  the registry is one for the process
    from importlib.metadata import entry_points

    with _loading:
        if _plugins_loaded:
            return
        _plugins_loaded = True
        for plugin in entry_points(group=ENTRY_POINTS):
            try:
                plugin.load()
            except Exception as error:  # noqa: BLE001  somebody else's package must not break the others
                _broken_plugins[plugin.name] = error


def _unknown(name: str) -> CodecError:
    known = _listed()
    broken = [
        f"the plugin {plugin} failed to load: {type(error).__name__}: {error}"
        for plugin, error in sorted(_broken_plugins.items())
    ]
    error = CodecError(
        f"unknown codec <{name}>",
        *broken,
        did_you_mean(name, known),
        f"the codecs are {', '.join(f'<{word}>' for word in known)}",
        f'define a class that inherits from Codec with name = "{name}", or install the package that provides it',
    )
    error.__cause__ = _broken_plugins.get(name)
    return error


# --- chains ---

_Translate: TypeAlias = Callable[[Any, "Mapping[str, object] | None", "object | None", "Context | None"], Any]


@dataclass(frozen=True)
class Chain:
    """What stands between the values of an attribute and its column: codecs, the outermost first.

    `dtype` is the core type of the column; `store` names the object store that some codec of the chain asks for by
    `<name@store>`, empty for the default one, None if none does. Null is not a codec's business: who inserts or
    fetches a nullable attribute keeps None away from here.
    """

    codecs: tuple[Codec, ...]
    dtype: str
    store: str | None = None
    _encoders: tuple[_Translate, ...] = field(init=False, repr=False, compare=False)
    _decoders: tuple[_Translate, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_encoders", tuple(_given_what_it_takes(codec.encode) for codec in self.codecs))
        object.__setattr__(self, "_decoders", tuple(_given_what_it_takes(codec.decode) for codec in self.codecs[::-1]))

    def encode(
        self,
        value: Any,
        *,
        key: Mapping[str, object] | None = None,
        store: object | None = None,
        context: Context | None = None,
    ) -> Any:
        """Return what the column holds for `value`.

        Raises `InvalidValueError` if a codec's `validate` refuses it, `CodecError` if it cannot be encoded.
        """
        for codec, encode in zip(self.codecs, self._encoders, strict=True):
            _validate(codec, value)
            try:
                value = encode(value, key, store, context)
            except (DataJointError, MemoryError):
                raise
            except Exception as error:
                raise _failed(codec, "encode", value, error) from error
        return value

    def decode(
        self,
        stored: Any,
        *,
        key: Mapping[str, object] | None = None,
        store: object | None = None,
        context: Context | None = None,
    ) -> Any:
        """Return the value that the column holds as `stored`.

        Raises `CodecError` if it cannot be decoded.
        """
        for codec, decode in zip(self.codecs[::-1], self._decoders, strict=True):
            try:
                stored = decode(stored, key, store, context)
            except (DataJointError, MemoryError):
                raise
            except Exception as error:
                raise _failed(codec, "decode", stored, error) from error
        return stored

    def validate(self, value: Any) -> None:
        """Refuse a value, as far as that can be told before anything is stored. Raises `InvalidValueError`."""
        if self.codecs:
            _validate(self.codecs[0], value)

    def describe(self, prefix: bytes, size: int) -> str:
        """Return a few words for a preview, from the first bytes (about 512) and the size of what is stored."""
        return self.codecs[-1].describe(prefix, size) if self.codecs else size_text(size)


def resolve(name: str, has_store: bool = False) -> Chain:
    """Return the chain of the codec `name`, in a store (`<name@store>`) or not.

    A codec that is stored as `blob` is chained to `<blob>`, so that every `dtype` is stored as it is.

    Raises `CodecError` for an unknown codec anywhere in the chain, and for a chain that comes back to itself;
    `DataJointError` if a codec cannot be used with, or without, a store.

    >>> resolve("blob").dtype
    'bytes'
    """
    known = _chains.get((name, has_store))
    if known is None:
        known = _chains[name, has_store] = _resolve(name, has_store)
    return known


def _resolve(name: str, has_store: bool) -> Chain:
    codecs: list[Codec] = []
    store: str | None = None
    while True:
        codec = get_codec(name)
        codecs.append(codec)
        dtype: object = codec.get_dtype(has_store)  # other people's code, which may forget to return
        if codec in codecs[:-1]:
            circle = " -> ".join(f"<{link.name}>" for link in codecs)
            raise CodecError(f"codecs go in a circle: {circle}", "let one of their get_dtype return a core type")
        if not isinstance(dtype, str) or not dtype.strip():
            raise CodecError(
                f"get_dtype of <{codec.name}> returned {dtype!r}", 'return a type, such as "json" or "<blob>"'
            )
        name = dtype.strip()
        specification = _SPECIFICATION.fullmatch(name)
        if specification and specification[2]:
            store, has_store = specification[3], True
        if not name.startswith("<") and name != "blob":  # blob and <blob> mean the same
            return Chain(tuple(codecs), name, store)


def _given_what_it_takes(method: Callable[..., Any]) -> _Translate:
    """Return a function that calls `method` with those keywords that it takes, so that every codec can be called."""
    parameters = inspect.signature(method).parameters.values()
    everything = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    named = {parameter.name for parameter in list(parameters)[1:]}
    takes = {word for word in ("key", "store", "store_name", "context") if everything or word in named}

    def call(value: Any, key: Mapping[str, object] | None, store: object | None, context: Context | None) -> Any:
        given: dict[str, object] = {}
        if "key" in takes:
            given["key"] = key
        if "store" in takes:
            given["store"] = store
        if "store_name" in takes:
            given["store_name"] = store if isinstance(store, str) else getattr(store, "name", None)
        if "context" in takes:
            given["context"] = context
        return method(value, **given)

    return call


def _validate(codec: Codec, value: Any) -> None:
    try:
        codec.validate(value)
    except DataJointError:
        raise
    except (TypeError, ValueError) as error:
        raise InvalidValueError(f"<{codec.name}> refuses a value of type {_type(value)}: {error}") from error


def _failed(codec: Codec, verb: str, value: object, error: Exception) -> CodecError:
    return CodecError(f"<{codec.name}> cannot {verb} a value of type {_type(value)}: {type(error).__name__}: {error}")


def _type(value: object) -> str:
    return type(value).__qualname__
