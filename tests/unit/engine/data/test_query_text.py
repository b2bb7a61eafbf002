"""A query becomes part of another statement, whatever follows its last word."""

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
def test_trailing_semicolons_and_comments_are_removed(end: str) -> None:
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
def test_quoted_semicolons_and_comments_are_kept(query: str) -> None:
    assert clean_query(f"{query} ; -- the end") == query


@pytest.mark.parametrize("query", ["", "  ", ";", ";; ;", None, "-- nothing", "/* ; */", "--"])
def test_empty_query_is_error(query: str | None) -> None:
    with pytest.raises(GlasshouseError, match="The query is empty"):
        clean_query(query)


@pytest.mark.parametrize("query", ["/* a", "select 1 /* a /* b */", "select 1; /*"])
def test_unterminated_comment_is_error(query: str) -> None:
    with pytest.raises(GlasshouseError, match="comment without an end"):
        clean_query(query)


def test_second_statement_is_error() -> None:
    with pytest.raises(GlasshouseError, match="more than one statement"):
        clean_query("select 1; -- first\nselect 2")


def test_trailing_comment_ends_before_parenthesis() -> None:
    assert subquery("select 1 -- one") == "(select 1 -- one\n) as rows"
