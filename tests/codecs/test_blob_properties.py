"""Blobs: whatever is made of the kinds that they hold comes back bit for bit."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datajoint_lab.codecs import describe, pack, unpack
from tests.codecs.kinds import NUMERIC, UNITS, difference

HASHABLE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.decimals(allow_nan=False),
    st.uuids(),
    st.dates(),
    st.times(),
    st.datetimes(),
)
KEYS = st.recursive(HASHABLE, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=4)
ARRAYS = st.one_of(
    hnp.arrays(st.sampled_from([np.dtype(code) for code in NUMERIC]), hnp.array_shapes(max_dims=4, min_side=0)),
    hnp.arrays(st.sampled_from([np.dtype(f"M8[{unit}]") for unit in UNITS]), hnp.array_shapes(max_dims=2)),
)
VALUES = st.recursive(
    st.one_of(HASHABLE, st.floats(), st.complex_numbers(), st.decimals(), ARRAYS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=5),
        st.lists(inner, max_size=5).map(tuple),
        st.dictionaries(KEYS, inner, max_size=5),
        st.sets(KEYS, max_size=5),
    ),
    max_leaves=20,
)


@given(VALUES, st.booleans())
@settings(max_examples=300, deadline=None)
def test_nested_values_come_back(value, compress):
    assert difference(unpack(pack(value, compress=compress)), value) == ""


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_reading_what_was_read_changes_nothing(value):
    once = unpack(pack(value))
    assert difference(unpack(pack(once)), once) == ""


@given(ARRAYS, st.data())
@settings(max_examples=100, deadline=None)
def test_views_of_arrays_come_back_as_what_they_show(array, data):
    view = array[data.draw(hnp.basic_indices(array.shape, allow_ellipsis=False))]
    back = unpack(pack(view))
    assert np.shape(back) == np.shape(view)
    assert np.asarray(back).tobytes() == np.asarray(view).tobytes()


@given(VALUES, st.integers(0, 600))
@settings(max_examples=200, deadline=None)
def test_every_blob_is_described_from_any_beginning(value, length):
    blob = pack(value)
    assert describe(blob[:length], len(blob))
