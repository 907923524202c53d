"""Packed tables and ids: fewer bytes, and the very same values."""

from __future__ import annotations

import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helix_dash.errors import UnknownFormat
from helix_dash.log.packing import MARK, pack, unpack
from helix_dash.log.segment import ROW_SCHEMA, WORD, decode_rows, encode_rows
from helix_dash.log.spelling import packed
from request_records import a_request, rows_of

SCHEMA = pa.schema(
    [
        ("n", pa.int64()),
        ("small", pa.int32()),
        ("flag", pa.bool_()),
        ("word", WORD),
        ("text", pa.string()),
        ("money", pa.decimal128(38, 0)),
    ]
)
_TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=20)
_ROW = st.fixed_dictionaries(
    {
        "n": st.none() | st.integers(-(2**62), 2**62),
        "small": st.none() | st.integers(0, 10**6),
        "flag": st.none() | st.booleans(),
        "word": st.none() | st.sampled_from(["a", "b", "ü"]),
        "text": st.none() | _TEXTS | st.uuids().map(str) | st.sampled_from(["same", "same too"]),
        "money": st.none() | st.integers(-(10**30), 10**30).map(Decimal),
    }
)


def _table(rows: list[dict[str, object]]) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=SCHEMA)


@settings(deadline=None)
@given(st.lists(_ROW, max_size=30))
def test_any_table_comes_back_as_it_went_in(rows: list[dict[str, object]]) -> None:
    ((back, note),) = unpack(pack(_table(rows), notes=("kept",)), SCHEMA)
    assert back.schema == SCHEMA
    assert back.to_pylist() == _table(rows).to_pylist()
    assert note == "kept"


@settings(deadline=None)
@given(
    prefix=st.sampled_from(["", "chatcmpl-", "req_ü-", "0x", "ab"]),
    ids=st.lists(st.uuids(), min_size=1, max_size=8),
    dashed=st.booleans(),
    upper=st.booleans(),
)
def test_ids_keep_prefix_dashes_and_capitals(
    prefix: str, ids: list[uuid.UUID], dashed: bool, upper: bool
) -> None:
    bodies = [str(one) if dashed else one.hex for one in ids]
    texts = [prefix + (body.upper() if upper else body) for body in bodies]
    schema = pa.schema([("id", pa.string())])
    ((back, _),) = unpack(pack(pa.table({"id": pa.array(texts)})), schema)
    assert back["id"].to_pylist() == texts


@pytest.mark.parametrize(
    "texts",
    [
        ["0123456789abcdef", "0123456789ABCDEF"],
        ["0123456789abcdef", "0123456789abcde"],
        ["one-0123456789abcdef", "two-0123456789abcdef"],
        ["words and so on", "words and so ON"],
        [""],
    ],
)
def test_ids_of_more_than_one_spelling_stay_texts(texts: list[str]) -> None:
    assert packed(pa.array(texts)) is None
    ((back, _),) = unpack(pack(pa.table({"id": pa.array(texts)})), pa.schema([("id", pa.string())]))
    assert back["id"].to_pylist() == texts


def test_an_id_of_128_bits_takes_16_bytes() -> None:
    ids = [str(uuid.UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128)) for number in range(1000)]
    blob = pack(pa.table({"id": pa.array(ids)}))
    assert len(blob) < 16 * len(ids) + 200


def test_a_blob_of_another_version_is_refused_in_words_and_not_called_damaged() -> None:
    blob = encode_rows(rows_of(a_request()))
    assert blob.startswith(MARK)
    with pytest.raises(UnknownFormat, match="another version"):
        decode_rows(b"hx9" + blob[len(MARK) :])


@pytest.mark.parametrize("cut", [5, 40, -1])
def test_a_blob_that_is_cut_short_is_damaged(cut: int) -> None:
    blob = encode_rows(rows_of(*(a_request(number) for number in range(50))))
    with pytest.raises(ValueError):
        decode_rows(blob[:cut])


def test_rows_out_of_order_and_of_several_producers_come_back_exactly() -> None:
    rows = rows_of(*(a_request(number * 7 % 13) for number in range(13)))
    assert decode_rows(encode_rows(rows)).select(ROW_SCHEMA.names).equals(rows)
