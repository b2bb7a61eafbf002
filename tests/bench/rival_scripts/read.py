"""Rows of a query into a frame; imports are done before the clock starts."""

from common import ARGUMENTS, answer, read, seconds

way = ARGUMENTS["way"]
read("select 1 as one", way)
answer(seconds=seconds(lambda: read(ARGUMENTS["query"], way)))
