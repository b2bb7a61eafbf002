"""Why a figure is not reached, by the name of its comparison; shown beside a figure that is not.

Found by measuring the parts, in processor time, inside the backend; those of a training's time and
memory by reading the code.
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
        "Beside the same fits ours reads the rows, orders them by content, takes their "
        "fingerprint, and draws distributions, dependence and correlations for the registry"
    ),
    "score, linear, written to a table": (
        "A third of our time is PostgreSQL writing the table. A fifth is the sum being worked "
        "out a second time, for the answer beside its probability: a view that names it once "
        "would hide the key from the planner, and one row would cost a whole table"
    ),
    "one row, linear, warm session": (
        "The row itself is found in a tenth of our time; the rest is PostgreSQL setting up one "
        "long expression anew for each query, where the rival's model stays ready in memory"
    ),
    "profile + drift, 100 columns": (
        "A run of 350,000 rows was begun and not finished in time, so this is of a tenth of them"
    ),
    "a refresh after a day of news": (
        "What is about today is made anew for every active customer: a snapshot of each feature "
        "group, predictions and their reasons, reports. Vault and star alone grow by what is new"
    ),
    "100 groups × 2,000 rows, one call": (
        "About half of our time is the preprocessing of each group, which fills gaps too, where "
        "the rival only scales; the rest is writing a hundred models as checked JSON, and the "
        "measures of each group for the registry"
    ),
    "peak memory of the backend in training": (
        "The libraries take 150 MiB before the first row, the texts of a key are kept beside "
        "the numbers, and scikit-learn copies the rows of a fit once more for its early "
        "stopping"
    ),
}
