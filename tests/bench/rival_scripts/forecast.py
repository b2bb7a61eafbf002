"""Forecasts of many series with statsforecast, on data that are in memory already."""

from common import ARGUMENTS, answer, read, seconds
from statsforecast import StatsForecast
from statsforecast.models import AutoETS, AutoTheta, SeasonalNaive

frame = read(ARGUMENTS["query"], "adbc")
frame["ds"] = frame["ds"].astype("datetime64[ns]")
season = ARGUMENTS["season"]
models = [SeasonalNaive(season), AutoETS(season_length=season), AutoTheta(season_length=season)]


def forecast() -> None:
    """Fit each model to each series, and forecast."""
    StatsForecast(models, freq="D", n_jobs=1).forecast(df=frame, h=ARGUMENTS["horizon"])


answer(seconds=seconds(forecast))
