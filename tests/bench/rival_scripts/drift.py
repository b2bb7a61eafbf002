"""Evidently's drift report for frames that are in memory already."""

import warnings

from common import ARGUMENTS, answer, read, seconds
from evidently import Report
from evidently.presets import DataDriftPreset

warnings.simplefilter("ignore")
frame = read(ARGUMENTS["query"], "adbc")[ARGUMENTS["columns"]]
reference = frame.head(20_000)
answer(seconds=seconds(lambda: Report([DataDriftPreset()]).run(frame, reference)))
