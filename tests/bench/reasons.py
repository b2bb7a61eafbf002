"""Why a comparison misses its target, by the name of the comparison; the page shows it there.

Each reason was found by measuring the parts in processor time inside the backend. The reason for
the memory was found by reading the code.
"""

_GROUPS = (
    "The three fits of a group take less time than in the loop. The rest is work that the loop "
    "does not do: reading, sorting and fingerprinting the rows, distributions, storing a signed "
    "model for each group, and the metrics of each group"
)
REASONS = {
    "rows into numpy, mixed with text and NULLs": (
        "Texts take half of our time: PostgreSQL concatenates the texts of a row, and Python "
        "splits them and looks each one up. PostgreSQL's conversion from numeric to double "
        "precision takes a fifth, because it goes through text"
    ),
    "rows into numpy, mixed with text and NULLs, ADBC": (
        "The reason is the same as for pandas. In addition, the ADBC driver takes texts unchanged "
        "from COPY's binary format, while our result is codes into a sorted list of categories"
    ),
    "train gradient boosting, read included": (
        "The fits take as long as scikit-learn's. The rest is reading the rows, sorting them by "
        "content and computing their fingerprint (two fifths of the rest), distributions, and the "
        "metrics of each fold and of the training rows, which the registry stores"
    ),
    "score, linear, written to a table": (
        "PostgreSQL writing the table takes a third of our time. Computing the sum a second time, "
        "once for the class and once for the probability, takes a fifth. A view that computes it "
        "once would hide the key from the planner, and reading one row would scan the whole table"
    ),
    "profile + drift, 100 columns": (
        "Sorting each column for quartiles and distinct values takes a third of our time. Reading "
        "the rows, once for each of the two functions, takes another third; Evidently has the rows "
        "in memory"
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
