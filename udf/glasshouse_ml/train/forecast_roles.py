"""Which column of the query of a forecast is the time, the target, the series, or known ahead."""

from glasshouse_ml.core.errors import GlasshouseError, near_names
from glasshouse_ml.core.request import Request
from glasshouse_ml.core.table import NUMBER, Column

_TIMES = ("date", "timestamp", "timestamptz")


class ForecastRoles:
    """The role of each column of the query."""

    def __init__(self, request: Request, columns: list[Column]) -> None:
        options = request.options
        by_name = {column.name: column for column in columns}
        self.time = _role(by_name, options["time"], "options.time")
        self.target = _role(by_name, str(request.target), "target")
        self.series = [_role(by_name, name, "options.series") for name in options["series"]]
        self.known_ahead = [
            _role(by_name, name, "options.known_ahead") for name in options["known_ahead"]
        ]
        if self.time.base_type not in _TIMES:
            raise GlasshouseError(
                f"Column {self.time.name!r} is of type {self.time.type}, not a date or timestamp.",
                "Cast it in the query, for example make_date(year, month, 1).",
            )
        if self.target.kind != NUMBER:
            raise GlasshouseError(
                f"Target column {self.target.name!r} is of type {self.target.type}; a forecast "
                "predicts a number.",
                "Cast it in the query.",
            )
        for column in (*self.series, *self.known_ahead):
            if column.kind is None:
                raise GlasshouseError(
                    f"Column {column.name!r} is of type {column.type}, which cannot be used.",
                    "Cast it in the query to text or a number.",
                )
        self.all = [self.time, self.target, *self.series, *self.known_ahead]
        self.excluded = [
            {
                "name": column.name,
                "reason": "Its future is not known: options.known_ahead does not name it.",
            }
            for column in columns
            if column not in self.all
        ]


def _role(columns: dict[str, Column], name: str, role: str) -> Column:
    if name not in columns:
        raise GlasshouseError(
            f"The query returns no column {name!r}, which is named as {role}.",
            near_names(name, columns),
        )
    return columns[name]
