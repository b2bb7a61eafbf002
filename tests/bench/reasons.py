"""Why a comparison misses its target, by the name of the comparison; the page shows it there.

Each reason was found by measuring the parts in processor time inside the backend. The reason for
the memory was found by reading the code.
"""

_GROUPS = (
    "The fits and predictions of a group take half of the loop's time. The rest is work that the "
    "loop does not do: reading the rows takes a fifth of our time, their fingerprint a twelfth, "
    "and the distributions, checks and metrics of the version a third"
)
REASONS = {
    "rows into numpy, mixed with text and NULLs": (
        "Texts take half of our time: PostgreSQL concatenates the texts of a row, and Python "
        "splits them and looks each one up. PostgreSQL's conversion from numeric to double "
        "precision takes a fifth, because it goes through text. Less would take a function in C "
        "that numbers the texts in the server"
    ),
    "rows into numpy, mixed with text and NULLs, ADBC": (
        "The reason is the same as for pandas. In addition, the ADBC driver takes texts unchanged "
        "from COPY's binary format, while our result is codes into a sorted list of categories"
    ),
    "train gradient boosting, read included": (
        "The fits and predictions take as long as scikit-learn's. The rest is reading the rows "
        "(a sixth of the rest), their fingerprint and order (a tenth), and distributions, checks "
        "and metrics, which the registry stores. Sorting the rows by their hashes takes a "
        "hundredth of our time, so a split by hash without an order would save little and change "
        "every model"
    ),
    "score, linear, written to a table": (
        "Computing the sum takes three fifths of our time: five operations for each of the twenty "
        "columns, because each value is checked for NULL, NaN and its range. Writing the table "
        "takes a quarter"
    ),
    "profile + drift, 100 columns": (
        "Reading the rows, once for each of the two functions, takes two fifths of our time; "
        "Evidently has the rows in memory. Sorting each column for quartiles and the exact number "
        "of distinct values takes a sixth. Without the sort that number would be an estimate"
    ),
    "refresh after one day of new rows": (
        "The features of today and the report of monthly sales are computed over all order lines, "
        "because any line may have been corrected: at ten million lines they take two thirds of a "
        "refresh. At a hundred thousand lines two thirds are dbt's own time, which depends on the "
        "number of its nodes and not on the rows"
    ),
    "100 groups × 2,000 rows, one call": _GROUPS,
    "500 groups × 1,000 rows, ridge, one call": _GROUPS,
    "peak memory of the backend in training": (
        "The libraries take 150 MiB before the first row. The texts of a key are stored beside the "
        "numbers. scikit-learn copies the rows of a fit once more for early stopping"
    ),
}
