"""The appearance of Superset: logo, colours, number formats, chart defaults, landing page.

`superset_config.py` imports the names in `__all__`, which are settings of Superset. A colour has
the same meaning on every page.
"""

import base64

from flask import redirect
from flask_appbuilder import IndexView, expose

__all__ = [
    "APP_NAME",
    "D3_FORMAT",
    "EXTRA_CATEGORICAL_COLOR_SCHEMES",
    "EXTRA_SEQUENTIAL_COLOR_SCHEMES",
    "FAB_INDEX_VIEW",
    "THEME_DARK",
    "THEME_DEFAULT",
]

APP_NAME = "Glasshouse"
LANDING_PAGE = "/superset/dashboard/start_here/"

# The meaning of each colour.
INK = "#14213D"  # text
MUTED = "#5B6577"  # secondary text
BASELINE = "#8A94A6"  # the baseline of a model
LINE = "#E3E7EE"  # borders and grid lines
PAGE = "#F5F7FA"  # the page behind the cards
MODEL = "#1F5FBF"  # the model
UNCERTAINTY = "#A9C6EC"  # the uncertainty of the model
EVENT = "#D9730D"  # the class that a model predicts
OTHERS = "#A7B0C0"  # the other classes
GOOD, WATCH, ACT = "#16845B", "#B7791F", "#B3261E"

FONT = "Inter, Helvetica, Arial, sans-serif"  # Superset contains Inter, so no font is downloaded

# A glasshouse, and the name drawn as paths: the font of text in an image differs by browser.
LOGO = f"""
<svg xmlns="http://www.w3.org/2000/svg" width="148" height="28" viewBox="0 0 148 28" fill="none"
     stroke-linecap="round" stroke-linejoin="round">
  <path d="M4 13 14 13 14 24 4 24Z" fill="{UNCERTAINTY}" fill-opacity=".55"/>
  <path d="M14 4 24 13 14 13Z" fill="{UNCERTAINTY}" fill-opacity=".3"/>
  <path d="M4 24V13L14 4 24 13V24Z M4 13H24 M14 4V24" stroke="{MODEL}" stroke-width="2"/>
  <g stroke="{INK}" stroke-width="1.9">
    <path d="M46.2 10.3A6.3 6.3 0 1 0 47 14.7H41.4"/>
    <path d="M51.6 8V21"/>
    <path d="M63.4 12.6V21 M63.4 16.8A4.1 4.1 0 1 0 55.2 16.8 4.1 4.1 0 1 0 63.4 16.8"/>
    <path d="M72.4 14C71.8 13 70.8 12.6 69.8 12.6 68.3 12.6 67.2 13.4 67.2 14.6 67.2 17.6
             72.7 15.9 72.7 18.8 72.7 20.1 71.5 21 69.8 21 68.5 21 67.4 20.4 66.8 19.3"/>
    <path d="M81.6 14C81 13 80 12.6 79 12.6 77.5 12.6 76.4 13.4 76.4 14.6 76.4 17.6
             81.9 15.9 81.9 18.8 81.9 20.1 80.7 21 79 21 77.7 21 76.6 20.4 76 19.3"/>
    <path d="M86 8V21 M86 16.1C86 13.9 87.5 12.6 89.4 12.6 91.4 12.6 92.6 13.9 92.6 16.1V21"/>
    <path d="M104.6 16.8A4.1 4.1 0 1 0 96.4 16.8 4.1 4.1 0 1 0 104.6 16.8"/>
    <path d="M108.4 12.6V17.5C108.4 19.7 109.6 21 111.6 21 113.5 21 115 19.7 115 17.5
             M115 12.6V21"/>
    <path d="M124.4 14C123.8 13 122.8 12.6 121.8 12.6 120.3 12.6 119.2 13.4 119.2 14.6
             119.2 17.6 124.7 15.9 124.7 18.8 124.7 20.1 123.5 21 121.8 21 120.5 21 119.4 20.4
             118.8 19.3"/>
    <path d="M128.5 16.6H136.5A4 4 0 1 0 135.4 19.6"/>
  </g>
</svg>
"""


def _data_uri(svg: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg.strip().encode()).decode()


# Chart types that share Superset's time-series code and therefore these settings.
_SERIES_CHARTS = (
    "echarts_area",
    "echarts_timeseries_bar",
    "echarts_timeseries_line",
    "echarts_timeseries_scatter",
    "echarts_timeseries_smooth",
    "echarts_timeseries_step",
    "mixed_timeseries",
)
# `selector` is the pair of buttons "All" and "Inv", which readers do not understand.
_SERIES_OPTIONS = {
    "legend": {
        "selector": False,
        "icon": "roundRect",
        "itemWidth": 14,
        "itemHeight": 6,
        "itemGap": 18,
        "textStyle": {"color": INK, "fontSize": 13},
    },
    "xAxis": {"nameTextStyle": {"color": MUTED, "fontSize": 13}},
    "yAxis": {"nameTextStyle": {"color": MUTED, "fontSize": 13}},
}

THEME_DEFAULT = {
    "algorithm": "default",
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": _data_uri(LOGO),
        "brandLogoHref": LANDING_PAGE,
        "brandLogoHeight": "28px",
        "colorPrimary": MODEL,
        "colorLink": MODEL,
        "colorInfo": MODEL,
        "colorSuccess": GOOD,
        "colorWarning": WATCH,
        "colorError": ACT,
        "colorTextBase": INK,
        "colorBgLayout": PAGE,
        "colorBorderSecondary": LINE,
        "fontFamily": FONT,
        "fontSize": 14,
        "borderRadius": 8,
        # Without animation a picture or a PDF shows the complete chart.
        "echartsOptionsOverrides": {"animation": False, "textStyle": {"fontFamily": FONT}},
        "echartsOptionsOverridesByChartType": {
            **dict.fromkeys(_SERIES_CHARTS, _SERIES_OPTIONS),
            # The length of a bar shows its value only if the axis starts at zero.
            "histogram_v2": {"yAxis": {"min": 0}},
        },
    },
}
# No dark theme: the colours were chosen for a light page.
THEME_DARK = None

EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "glasshouse",
        "label": "Glasshouse",
        "description": "The model first, then the baseline; further colours have no meaning.",
        "isDefault": True,
        "colors": [MODEL, BASELINE, EVENT, GOOD, "#7A4FBF", "#0E8C99", "#C2477F", "#B59B00"],
    },
    {
        "id": "glasshouse_classes",
        "label": "Glasshouse: classes",
        "description": "The class that a model predicts first, then the others.",
        "colors": [EVENT, OTHERS, "#7A4FBF", "#0E8C99", "#C2477F", "#B59B00"],
    },
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "glasshouse_blues",
        "label": "Glasshouse: low to high",
        "description": "",
        "isDiverging": False,
        "colors": ["#F1F6FD", "#D3E2F6", UNCERTAINTY, "#6C9BDC", MODEL],
    },
    {
        "id": "glasshouse_around_zero",
        "label": "Glasshouse: below and above",
        "description": "",
        "isDiverging": True,
        "colors": ["#2166AC", "#92C5DE", "#F7F7F7", "#F4A582", "#B2182B"],
    },
    {
        "id": "glasshouse_psi",
        "label": "Glasshouse: as in training, watch, retrain",
        # One colour per 0.01 from 0 to 0.5: Superset would blend fewer colours instead of steps.
        "description": "For a population stability index: steps at 0.10 and 0.25.",
        "isDiverging": False,
        "colors": [
            "#DDEEE6" if hundredth < 10 else "#FBE0B5" if hundredth <= 25 else "#E9958F"
            for hundredth in range(51)
        ],
    },
]

# The number format of the texts on the dashboards: 1,148.5
D3_FORMAT = {"decimal": ".", "thousands": ",", "grouping": [3], "currency": ["", ""]}


class LandingPage(IndexView):
    """Opens the start page after the login instead of the list of dashboards."""

    @expose("/")
    def index(self):
        return redirect(LANDING_PAGE)


FAB_INDEX_VIEW = f"{LandingPage.__module__}.{LandingPage.__name__}"
