"""Segments: rows as a blob that needs nothing else to be read."""

from __future__ import annotations

from helix_dash.log.segment import ROW_SCHEMA, decode_rows, encode_rows, merge_rows, new_id
from request_records import a_request, rows_of


def test_rows_come_back_as_they_went_in() -> None:
    rows = rows_of(a_request(1, model="gpt-4o", user=None), a_request(0, model="claude", tags=("b", "a")))
    assert decode_rows(encode_rows(rows)).equals(rows)


def test_a_column_nobody_filled_takes_no_space_and_comes_back_unknown() -> None:
    blob = encode_rows(rows_of(a_request()))
    assert b"cache_owner" not in blob
    assert decode_rows(blob)["cache_owner"].to_pylist() == [None]


def test_a_blob_of_an_older_table_of_columns_is_read_with_the_new_ones_unknown() -> None:
    older = rows_of(a_request()).drop_columns(["team", "seq"])
    rows = decode_rows(encode_rows(older))
    assert rows.schema == ROW_SCHEMA
    assert rows["seq"].to_pylist() == [None]


def test_a_segment_carries_its_own_dictionary_without_foreign_words() -> None:
    rows = decode_rows(encode_rows(rows_of(a_request(model="a"), a_request(model="b"), a_request(model="a"))))
    assert rows["model"].chunk(0).dictionary.to_pylist() == ["a", "b"]


def test_merged_rows_are_in_order_of_time() -> None:
    merged = merge_rows([rows_of(a_request(3), a_request(1)), rows_of(a_request(2, model="other"))])
    assert merged["time"].to_pylist() == sorted(merged["time"].to_pylist())
    assert merged["model"].to_pylist() == ["gpt-4o", "other", "gpt-4o"]


def test_ids_sort_by_age() -> None:
    assert new_id(1_000_000) < new_id(2_000_000) < new_id(1_800_000_000_000_000)
