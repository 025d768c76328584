"""Labelled tables: what is wrong with one is named by column and line, and never by its value."""

from __future__ import annotations

import click
import pytest
from mydata_hub.cli.score_table import (
    Column,
    read_column,
    read_table,
    read_target,
    why_no_feature,
)


@pytest.fixture
def table(tmp_path):
    def write(text, encoding="utf-8"):
        path = tmp_path / "people.csv"
        path.write_bytes(text.encode(encoding))
        return read_table(path)

    return write


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "people.csv is empty"),
        ("\n\n", "people.csv is empty"),
        ("a,b\n", "people.csv has names and no rows"),
        ("a,b,a\n1,2,3\n", "people.csv has the column 'a' twice"),
        ("a,b\n1,2\n1,2,3\n", "people.csv, line 3: 3 fields where the first line has 2"),
        ("a,b\n1\n", "people.csv, line 2: 1 fields where the first line has 2"),
        ('a,b\n"x,2\n', "people.csv is not CSV"),
    ],
)
def test_a_file_that_is_no_table_says_where(table, text, told):
    with pytest.raises(click.ClickException) as refused:
        table(text)
    assert told in refused.value.message


def test_bytes_that_are_no_text_are_refused(table):
    with pytest.raises(click.ClickException, match="is not text in UTF-8"):
        table("나이,b\n1,2\n", encoding="utf-16")


def test_other_delimiters_a_byte_order_mark_and_quoted_lines_are_read(table):
    found = table('\ufeffa;b\n"x\ny";2\n\nz;3\n')
    assert found.names == ("a", "b")
    assert found.rows == (("x\ny", "2"), ("z", "3"))
    assert found.lines == (3, 5)


@pytest.mark.parametrize(
    ("cells", "bad", "bads", "how"),
    [
        ("0 1 0 0", None, [False, True, False, False], "the 1 of 0 and 1"),
        ("1 1 0.0 1.0", None, [True, True, False, True], "the 1 of 0 and 1"),
        ("1 2 1 1", None, [False, True, False, False], "the rarer of the two"),
        ("good bad good good", None, [False, True, False, False], "the rarer of the two"),
        ("good bad good good", "good", [True, False, True, True], "as given"),
        ("0 1 0 0", "0.0", [True, False, True, True], "as given"),
    ],
)
def test_which_of_two_values_is_bad_is_given_or_1_or_the_rarer(table, cells, bad, bads, how):
    found = read_target(table("y\n" + "\n".join(cells.split())), "y", bad)
    assert list(found.bads) == bads
    assert found.how == how


@pytest.mark.parametrize(
    ("cells", "bad", "told"),
    [
        ("1 1", None, "y has one value in all rows"),
        ("1 2 3", None, "y has 3 values: a target has two"),
        ("1 NA 0", None, "line 3: y is not known"),
        ("a b", None, "equally often: say --bad"),
        ("a b a", "c", "y never has the value that --bad gives"),
    ],
)
def test_a_target_that_is_none_is_named(table, cells, bad, told):
    with pytest.raises(click.ClickException, match=told):
        read_target(table("y\n" + "\n".join(cells.split())), "y", bad)


def test_a_target_that_is_not_there_is_named(table):
    with pytest.raises(click.ClickException, match="has no column 'z'"):
        read_target(table("y\n1\n"), "z", None)


def test_text_in_a_column_of_numbers_is_named_by_its_line_and_not_repeated(table):
    found = table("a\n1\n2.5\n\ngeheim\n1e3\n")
    with pytest.raises(click.ClickException, match=r"people\.csv, line 5: a is a column of num"):
        read_column(found, "a")
    with pytest.raises(click.ClickException) as refused:
        read_column(found, "a", numeric=True)
    assert "geheim" not in refused.value.message
    assert read_column(found, "a", numeric=False).values == ("1", "2.5", "geheim", "1e3")


def test_a_column_is_of_numbers_where_most_of_what_is_known_is_one(table):
    found = table("a,b\n1, none \nNA,?\n,x\n-.5,1\n")
    assert read_column(found, "a") == Column(name="a", numeric=True, values=(1.0, None, None, -0.5))
    assert read_column(found, "b") == Column(
        name="b", numeric=False, values=("none", None, "x", "1")
    )


@pytest.mark.parametrize("cell", ["inf", "1_000", "1,5", "0x10", "1e999", "--1", "١"])
def test_what_only_looks_like_a_number_is_none(table, cell):
    with pytest.raises(click.ClickException, match="line 5"):
        read_column(table(f"a\tb\n1\t1\n2\t1\n3\t1\n{cell}\t1\n"), "a")


@pytest.mark.parametrize(
    ("name", "values", "told"),
    [
        ("a", (1.0,) * 20, "has one value in all rows"),
        ("", (1.0, 2.0), "has no name"),
        ("Unnamed: 0", (1.0, 2.0), "has no name"),
        ("client_id", tuple(map(float, (5, 3, 9))), "is an identifier"),
        ("row", tuple(map(float, (*range(7, 27, 2), 99))), "counts the rows"),
        ("name", ("a", "b", "c"), "has another value in every row"),
        ("amount", tuple(map(float, (5, 3, 9, 1))), None),
        ("rate", tuple(number + 0.5 for number in range(20)), None),
        ("id", (1.0, 1.0, 2.0), None),
    ],
)
def test_constants_and_identifiers_are_no_features(name, values, told):
    column = Column(name=name, numeric=isinstance(values[0], float), values=values)
    assert (why_no_feature(column) or "").startswith(told or "")
    assert (why_no_feature(column) is None) is (told is None)
