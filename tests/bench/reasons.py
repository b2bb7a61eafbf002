"""Why a figure is not reached, by the name of its comparison; shown beside a figure that is not.

Found by measuring the parts, in processor time, inside the backend; that of memory by reading the
code.
"""

REASONS = {
    "rows into numpy, mixed with text and NULLs": (
        "Half of our time goes into texts: PostgreSQL puts those of a row together, and Python "
        "cuts them and looks each one up. A fifth is PostgreSQL's own way from numeric to "
        "double precision, which goes through text"
    ),
    "rows into numpy, mixed with text and NULLs, ADBC": (
        "As above; the rival's driver takes texts as they come in COPY's binary format and "
        "leaves them unsorted, where ours come out as codes into a sorted list of categories"
    ),
    "train gradient boosting, read included": (
        "The fits take as long as the rival's. What comes on top is reading the rows, putting them "
        "in order by content and taking their fingerprint (two fifths of it), distributions, and "
        "every measure of each fold and of the training rows, which the registry keeps"
    ),
    "score, linear, written to a table": (
        "A third of our time is PostgreSQL writing the table. A fifth is the sum being worked "
        "out a second time, for the answer beside its probability: a view that names it once "
        "would hide the key from the planner, and one row would cost a whole table"
    ),
    "profile + drift, 100 columns": (
        "A third of our time is sorting each column, for quartiles and distinct values; a third is "
        "reading the rows, once for each of the two functions, where the rival has them in memory"
    ),
    "a refresh after a day of news": (
        "A tenth is for ten million lines, where it was reached. What dbt does for each of its 339 "
        "nodes it does however little has come: at a hundred thousand lines, two thirds of a "
        "refresh are its own processor time"
    ),
    "100 groups × 2,000 rows, one call": (
        "Two fifths of our time are the fits, each with preprocessing that fills gaps too, where "
        "the rival only scales; the rest, which it leaves out, is reading and ordering the rows, "
        "distributions, a hundred models as checked JSON, and the measures of each group"
    ),
    "peak memory of the backend in training": (
        "The libraries take 150 MiB before the first row, the texts of a key are kept beside "
        "the numbers, and scikit-learn copies the rows of a fit once more for its early "
        "stopping"
    ),
}
