"""A query becomes part of another statement, whatever stands at its end."""

import pytest
from glasshouse_ml.core.errors import GlasshouseError
from glasshouse_ml.data.query_text import clean_query, subquery

SELECT = "select a from t"


@pytest.mark.parametrize(
    "end",
    [
        "", ";", " ;; ", "; -- done", " -- done; really", "\n--\n;\n", " /* a; /* b */ c */ ;",
        "; /* -- */ -- it's", ";\r\n-- a\r\n;", ";--", "/**/",
    ],
)  # fmt: skip
def test_semicolons_and_comments_after_a_query_are_left_out(end: str) -> None:
    assert clean_query(SELECT + end) == SELECT


@pytest.mark.parametrize(
    "query",
    [
        "select ';' as a", "select ';--' || '/*' as a", "select 'it''s;'", 'select 1 as "a;--b"',
        "select $$;--$$", "select $tag$ $$; ' $tag$", r"select E'\';--' as a", "select a$b$c",
        "select 1 -- one\n, 2", "select 1 /* one; */ + 1", "-- first\nselect 1", "select 1 - -1",
        "select '{\"a\": 1}'::jsonb -> 'a'",
    ],
)  # fmt: skip
def test_what_looks_like_an_end_inside_a_query_stays(query: str) -> None:
    assert clean_query(f"{query} ; -- the end") == query


@pytest.mark.parametrize("query", ["", "  ", ";", ";; ;", None, "-- nothing", "/* ; */", "--"])
def test_an_empty_query_is_an_error(query: str | None) -> None:
    with pytest.raises(GlasshouseError, match="The query is empty"):
        clean_query(query)


@pytest.mark.parametrize("query", ["/* a", "select 1 /* a /* b */", "select 1; /*"])
def test_a_comment_without_an_end_is_an_error(query: str) -> None:
    with pytest.raises(GlasshouseError, match="comment without an end"):
        clean_query(query)


def test_a_second_statement_is_an_error() -> None:
    with pytest.raises(GlasshouseError, match="more than one statement"):
        clean_query("select 1; -- first\nselect 2")


def test_a_comment_at_the_end_of_an_uncleaned_query_ends_with_the_line() -> None:
    assert subquery("select 1 -- one") == "(select 1 -- one\n) as rows"
