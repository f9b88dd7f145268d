"""Codecs: registration by subclassing, look-up by name, chains, and codecs written for the reference."""

from __future__ import annotations

import importlib.metadata
import sys
import types

import pytest

from datajoint_lab.codecs import Chain, Codec, base, get_codec, list_codecs, resolve
from datajoint_lab.errors import CodecError, DataJointError, InvalidValueError


@pytest.fixture(autouse=True)
def registry(monkeypatch):
    """A registry that forgets what a test defines."""
    monkeypatch.setattr(base, "_codecs", dict(base._codecs))
    monkeypatch.setattr(base, "_instances", {})
    monkeypatch.setattr(base, "_chains", {})
    monkeypatch.setattr(base, "_broken_plugins", {})
    monkeypatch.setattr(base, "_plugins_loaded", False)
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: [])


def define(codec_name, dtype="json", parent=Codec, **members):
    """Define a codec class as a notebook cell would."""

    def get_dtype(self, is_store):
        return dtype

    def encode(self, value, *, key=None, store=None):
        return [codec_name, value]

    def decode(self, stored, *, key=None, store=None):
        return stored[1]

    body = {"get_dtype": get_dtype, "encode": encode, "decode": decode, "__module__": "notebook", **members}
    if codec_name is not None:
        body["name"] = codec_name
    return types.new_class(members.get("__qualname__", "Some"), (parent,), exec_body=lambda space: space.update(body))


# --- registration ---


def test_subclasses_register_themselves():
    cls = define("graph")
    assert "graph" in list_codecs()
    assert type(get_codec("graph")) is cls
    assert get_codec("graph") is get_codec("<graph>") is get_codec("<graph@raw>") is get_codec(" < graph @ > ")


def test_abstract_nameless_and_unregistered_classes_stay_out():
    before = list_codecs()

    class Abstract(Codec):
        name = "abstract"

    class Nameless(Codec):
        def get_dtype(self, is_store): ...
        def encode(self, value): ...
        def decode(self, stored): ...

    class Unregistered(Nameless, register=False):
        name = "unregistered"

    assert list_codecs() == before

    class Registered(Unregistered):
        pass

    assert type(get_codec("unregistered")) is Registered


def test_a_cell_that_is_run_again_replaces_its_codec():
    define("graph", __qualname__="Graph")
    first = get_codec("graph")
    again = define("graph", __qualname__="Graph")
    assert type(get_codec("graph")) is again
    assert get_codec("graph") is not first


def test_two_codecs_of_one_name_are_an_error_that_names_both():
    define("graph", __qualname__="Graph")
    with pytest.raises(CodecError, match=r"<graph> is already defined by notebook.Graph\ngive notebook.Other another"):
        define("graph", __qualname__="Other")


def test_a_refinement_without_a_name_does_not_take_its_parents():
    parent = define("graph", __qualname__="Graph")
    define(None, parent=parent, __qualname__="Refined")
    assert type(get_codec("graph")) is parent


@pytest.mark.parametrize("name", ["", "two words", "a-b", "1st", 5, "é"])
def test_names_are_words(name):
    with pytest.raises(CodecError, match="cannot be named"):
        define(name)


# --- look-up ---


def test_an_unknown_codec_says_what_there_is_and_what_to_do():
    define("spike_train")
    with pytest.raises(CodecError) as caught:
        get_codec("spike_trian")
    text = str(caught.value)
    assert text.startswith("unknown codec <spike_trian>\ndid you mean spike_train?\n")
    assert "<attach>, <blob>, " in text
    assert "<spike_train>" in text
    assert 'name = "spike_trian"' in text
    assert "install" in text


class Plugin:
    """An entry point."""

    def __init__(self, name, load):
        self.name = name
        self.load = load


def test_plugins_are_loaded_at_the_first_unknown_name(monkeypatch):
    loaded = []

    def load():
        loaded.append("graph")
        return define("graph")

    monkeypatch.setattr(
        importlib.metadata,
        "entry_points",
        lambda group: [Plugin("graph", load)] if group == "datajoint_lab.codecs" else [],
    )
    get_codec("blob")
    assert loaded == []
    get_codec("graph")
    list_codecs()
    assert loaded == ["graph"]


def test_a_broken_plugin_is_told_when_its_codec_is_asked_for_and_breaks_nothing_else(monkeypatch):
    def load():
        raise ImportError("No module named 'networkx'")

    plugins = [Plugin("graph", load), Plugin("mesh", lambda: define("mesh"))]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda **_: plugins)
    assert get_codec("mesh").name == "mesh"
    with pytest.raises(CodecError, match="the plugin graph failed to load: ImportError: No module named") as caught:
        get_codec("graph")
    assert isinstance(caught.value.__cause__, ImportError)


# --- chains ---


def test_the_blob_codec_resolves_to_bytes():
    chain = resolve("blob")
    assert chain.dtype == "bytes"
    assert chain.decode(chain.encode({"a": [1, 2]})) == {"a": [1, 2]}
    assert chain.describe(chain.encode([1, 2])[:512], 60) == "list of 2"


def test_chains_encode_outwards_in_and_decode_back():
    define("inner", "varchar(255)", __qualname__="Inner")
    define("outer", "<inner>", __qualname__="Outer")
    chain = resolve("outer", has_store=False)
    assert [codec.name for codec in chain.codecs] == ["outer", "inner"]
    assert chain.dtype == "varchar(255)"
    assert chain.encode(5) == ["inner", ["outer", 5]]
    assert chain.decode(["inner", ["outer", 5]]) == 5


@pytest.mark.parametrize("dtype", ["blob", "<blob>", " <blob> "])
def test_blob_means_the_blob_codec(dtype):
    define("graph", dtype)
    chain = resolve("graph")
    assert chain.dtype == "bytes"
    assert chain.encode(5).startswith(b"dj0")
    assert chain.decode(chain.encode(5)) == 5


def test_a_store_is_passed_down_the_chain():
    asked = []

    def get_dtype(self, is_store):
        asked.append((self.name, is_store))
        return "json" if self.name == "inner" else "<inner@elsewhere>"

    define("inner", get_dtype=get_dtype, __qualname__="Inner")
    define("outer", get_dtype=get_dtype, __qualname__="Outer")
    resolve("outer", has_store=True)
    assert asked == [("outer", True), ("inner", True)]


def test_circles_are_errors():
    define("first", "<second>", __qualname__="First")
    define("second", "<first>", __qualname__="Second")
    with pytest.raises(CodecError, match="circle: <first> -> <second> -> <first>"):
        resolve("first")
    define("myself", "<myself>", __qualname__="Myself")
    with pytest.raises(CodecError, match="circle: <myself> -> <myself>"):
        resolve("myself")


def test_an_unknown_link_is_an_error():
    define("outer", "<nothing>")
    with pytest.raises(CodecError, match="unknown codec <nothing>"):
        resolve("outer")


@pytest.mark.parametrize("dtype", [None, "", 5])
def test_a_codec_must_name_a_type(dtype):
    define("graph", dtype)
    with pytest.raises(CodecError, match="get_dtype of <graph> returned"):
        resolve("graph")


def test_a_codec_may_insist_on_a_store():
    def get_dtype(self, is_store):
        if not is_store:
            raise DataJointError("<graph> needs a store")
        return "json"

    define("graph", get_dtype=get_dtype)
    assert resolve("graph", has_store=True).dtype == "json"
    with pytest.raises(DataJointError, match="needs a store"):
        resolve("graph")


# --- validation and failures ---


@pytest.mark.parametrize("error", [TypeError, ValueError])
def test_validate_refuses_values_before_they_are_encoded(error):
    def validate(self, value):
        raise error("expected a graph")

    def encode(self, value):
        raise AssertionError

    define("graph", validate=validate, encode=encode)
    with pytest.raises(InvalidValueError, match="<graph> refuses a value of type int: expected a graph") as caught:
        resolve("graph").encode(5)
    assert isinstance(caught.value.__cause__, error)


def test_what_fails_inside_a_codec_names_it():
    def decode(self, stored):
        return stored["nodes"]

    define("graph", decode=decode, encode=lambda _self, _value: 1 / 0)
    with pytest.raises(CodecError, match="<graph> cannot decode a value of type dict: KeyError: 'nodes'"):
        resolve("graph").decode({})
    with pytest.raises(CodecError, match="<graph> cannot encode a value of type int: ZeroDivisionError"):
        resolve("graph").encode(5)


def test_too_little_memory_is_no_fault_of_the_value():
    def fail(self, value):
        raise MemoryError

    define("graph", encode=fail, decode=fail)
    with pytest.raises(MemoryError):
        resolve("graph").encode(5)
    with pytest.raises(MemoryError):
        resolve("graph").decode(5)


def test_codecs_without_previews_of_their_own_have_a_size():
    define("graph")
    assert resolve("graph").describe(b"[]", 2) == "2 bytes"
    assert Chain((), "json").describe(b"[]", 2) == "2 bytes"


def test_damaged_blobs_in_a_chain_are_codec_errors():
    define("graph", "<blob>")
    with pytest.raises(CodecError, match="no blob"):
        resolve("graph").decode(b"nonsense")


# --- codecs written for the reference ---


class Store:
    name = "cold"


@pytest.mark.parametrize(
    ("parameters", "given"),
    [
        ("value, *, key=None, store_name=None", {"key": {"id": 1}, "store_name": "cold"}),
        (
            "value, *, key=None, context=None, store_name=None",
            {"key": {"id": 1}, "context": {"table": "t"}, "store_name": "cold"},
        ),
        ("value, *, key=None, store=None", {"key": {"id": 1}, "store": Store}),
        ("value, *, key=None", {"key": {"id": 1}}),
        ("value", {}),
        ("value, key=None", {"key": {"id": 1}}),
        (
            "value, **where",
            {"where": {"key": {"id": 1}, "store": Store, "store_name": "cold", "context": {"table": "t"}}},
        ),
        ("value, *, key=None, mode='fast'", {"key": {"id": 1}, "mode": "fast"}),
    ],
)
def test_codecs_are_given_the_keywords_that_they_take(parameters, given):
    seen = []
    space: dict[str, object] = {"seen": seen}
    exec(f"def encode(self, {parameters}):\n    seen.append(dict(locals()))\n    return value\ndecode = encode", space)  # noqa: S102
    define("graph", encode=space["encode"], decode=space["decode"])
    chain = resolve("graph", has_store=True)
    assert chain.encode(5, key={"id": 1}, store=Store, context={"table": "t"}) == 5
    assert chain.decode(5, key={"id": 1}, store=Store, context={"table": "t"}) == 5
    for call in seen:
        del call["self"], call["value"]
        assert call == given


def test_a_store_may_be_told_by_its_name():
    names = []

    def encode(self, value, *, store_name=None):
        names.append(store_name)

    define("graph", encode=encode)
    chain = resolve("graph")
    chain.encode(1, store="cold")
    chain.encode(1)
    assert names == ["cold", None]


def test_the_codec_of_the_references_documentation_works_unedited(monkeypatch):
    module = types.ModuleType("datajoint")
    module.Codec = Codec
    monkeypatch.setitem(sys.modules, "datajoint", module)
    import datajoint as dj

    class PairsCodec(dj.Codec):
        """Stores a set of pairs."""

        name = "pairs"

        def get_dtype(self, is_store: bool) -> str:
            return "<blob>"

        def encode(self, graph, *, key=None, store_name=None):
            return {"nodes": list(graph), "edges": [list(edge) for edge in graph.values()]}

        def decode(self, stored, *, key=None):
            return dict(zip(stored["nodes"], map(tuple, stored["edges"]), strict=True))

    chain = resolve("pairs")
    assert chain.dtype == "bytes"
    assert chain.decode(chain.encode({"a": (1, 2)})) == {"a": (1, 2)}


def test_an_empty_chain_is_the_identity():
    assert Chain((), "json").decode(Chain((), "json").encode({"a": 1})) == {"a": 1}
