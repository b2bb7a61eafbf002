"""What a large or wide table changes in a training: the options that the model's file names."""

# Of a table with more rows, candidates are compared on a sample; the order of candidates is known
# long before the last digits of their scores are.
LARGE, COMPARISON_ROWS = 250_000, 200_000
# Seconds after which no further candidate begins, in such a comparison.
BUDGET = 120
# With so many values a forest costs more time than it is worth; there is one up to FOREST_ROWS.
MOST_FOREST_VALUES, FOREST_ROWS = 1_000_000, 10_000
LINEAR = {"classification": "logistic_regression", "regression": "ridge"}
# Shuffles of all columns together, in the permutation importance, and those of one column.
SHUFFLES, MIN_REPEATS, MAX_REPEATS = 1_000, 3, 10


def is_large(rows: int) -> bool:
    """Whether candidates are compared on a sample of the rows."""
    return rows > LARGE


def size_options(rows: int, features: int) -> dict[str, int]:
    """The options of ml.train for a table of this size, as far as they differ from the defaults."""
    options = {"comparison_rows": COMPARISON_ROWS, "budget_s": BUDGET} if is_large(rows) else {}
    repeats = max(MIN_REPEATS, SHUFFLES // max(1, features))
    return options | ({"importance_repeats": repeats} if repeats < MAX_REPEATS else {})


def candidates_of_wide_table(task: str, rows: int, features: int) -> list[str]:
    """The candidates without a forest; empty where those of ml.train take a bearable time."""
    if task not in LINEAR or rows > FOREST_ROWS or rows * features <= MOST_FOREST_VALUES:
        return []
    return [LINEAR[task], "hist_gradient_boosting"]


def size_reason(rows: int, features: int, algorithms: list[str]) -> str:
    """How candidates are compared, in words; empty where the size changes nothing."""
    if is_large(rows):
        return (
            f"candidates on a sample of {COMPARISON_ROWS:,} rows, the best one learns from all"
            f" {rows:,}"
        )
    if algorithms:
        names = " and ".join(algorithms)
        return f"{names}: with {features} columns a random forest takes minutes"
    return ""
