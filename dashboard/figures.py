"""Charts: rows in, a figure out.

Their ground is clear and their letters and lines take the colours of the page (pages.css), so
that one figure is right in both themes and on paper. What tells two bars apart is their
pattern too, never the colour alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

import plotly.graph_objects as go

# Dark to light, as far as the boxes have come; on both grounds each is told from the next.
STAGE_COLOURS = ("#1f6fb2", "#4d94cf", "#84b6e0", "#93a5b5", "#6b7c8b", "#4a5966")
STAGE_PATTERNS = ("", "/", "", ".", "", "x")
REACHED, DUE, BAD = "#4d94cf", "#93a5b5", "#d9534f"
ROW_PX = 30
AROUND_PX = 96


class Part(NamedTuple):
    """One share of a bar: what it is called, and a value for each bar."""

    words: str
    values: Sequence[float]


def stacked_shares(bars: Sequence[str], parts: Sequence[Part]) -> go.Figure:
    """Bars of 100 %, one for each of `bars`, from the first at the top."""
    totals = [sum(values) for values in zip(*(part.values for part in parts), strict=True)]
    figure = go.Figure([_share(bars, part, number, totals) for number, part in enumerate(parts)])
    figure.update_layout(**_layout(height=AROUND_PX + ROW_PX * max(len(bars), 2)))
    figure.update_layout(
        barmode="stack", bargap=0.3, legend={"traceorder": "normal", "orientation": "h", "y": 1.0,
                                             "yanchor": "bottom", "x": 0}
    )  # fmt: skip
    figure.update_xaxes(range=[0, 100], ticksuffix=" %", fixedrange=True)
    figure.update_yaxes(autorange="reversed", automargin=True, fixedrange=True, type="category")
    return figure


def _share(bars: Sequence[str], part: Part, number: int, totals: Sequence[float]) -> go.Bar:
    shares = [
        100 * value / total if total else 0
        for value, total in zip(part.values, totals, strict=True)
    ]
    return go.Bar(
        name=part.words,
        y=[_plain(bar) for bar in bars],
        x=shares,
        orientation="h",
        customdata=list(part.values),
        hovertemplate="%{y}<br>" + _plain(part.words) + ": %{customdata:,} (%{x:.1f} %)"
        "<extra></extra>",
        marker={
            "color": STAGE_COLOURS[number % len(STAGE_COLOURS)],
            "pattern": {"shape": STAGE_PATTERNS[number % len(STAGE_PATTERNS)], "size": 6,
                        "fgcolor": "#ffffff", "fgopacity": 0.5},
            "line": {"width": 0},
        },
    )  # fmt: skip


def over_time(times: Sequence[datetime], counts: Sequence[int], words: Sequence[str]) -> go.Figure:
    """Counts an hour as bars, their sum so far as a line. `words`: of the bars, of the line.
    Times are drawn as they are: give them in the zone of the region."""
    naive = [time.replace(tzinfo=None) for time in times]
    figure = go.Figure(
        [
            go.Bar(x=naive, y=list(counts), name=words[0], marker={"color": REACHED}),
            go.Scatter(x=naive, y=list(accumulate(counts)), name=words[1], yaxis="y2",
                       mode="lines+markers", line={"color": DUE, "width": 3},
                       marker={"symbol": "square", "size": 6}),
        ]
    )  # fmt: skip
    figure.update_layout(
        **_layout(height=320),
        yaxis2={"overlaying": "y", "side": "right", "rangemode": "tozero", "showgrid": False},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        hovermode="x unified",
    )
    figure.update_xaxes(fixedrange=True)
    figure.update_yaxes(fixedrange=True, rangemode="tozero")
    return figure


def against_plan(
    reached: Sequence[tuple[datetime, float]],
    targets: Mapping[str, tuple[datetime, float]],
    now: datetime,
    words: tuple[str, str, str],
) -> go.Figure:
    """Per cent reached over time, and what each milestone asks for by when.

    `targets`: the milestone's name to its deadline and per cent. `words`: of what is reached,
    of what is asked, of now. Times are drawn as they are.
    """
    steps = [(at.replace(tzinfo=None), pct) for at, pct in reached]
    figure = go.Figure(
        [
            go.Scatter(x=[at for at, _ in steps], y=[pct for _, pct in steps], name=words[0],
                       mode="lines", line={"color": REACHED, "width": 4, "shape": "hv"}),
            go.Scatter(x=[at.replace(tzinfo=None) for at, _ in targets.values()],
                       y=[pct for _, pct in targets.values()], text=list(targets),
                       name=words[1], mode="markers+text", textposition="top left",
                       marker={"symbol": "diamond", "size": 14, "color": DUE,
                               "line": {"width": 2, "color": STAGE_COLOURS[0]}}),
        ]
    )  # fmt: skip
    figure.update_layout(
        **_layout(height=340), legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0}
    )
    figure.add_vline(x=now.replace(tzinfo=None), line={"color": DUE, "dash": "dot", "width": 2})
    figure.add_annotation(x=now.replace(tzinfo=None), y=104, text=_plain(words[2]), showarrow=False)
    figure.update_yaxes(range=[0, 112], ticksuffix=" %", fixedrange=True)
    figure.update_xaxes(fixedrange=True)
    return figure


def _layout(height: int) -> dict[str, Any]:
    clear = "rgba(0,0,0,0)"
    return {
        "height": height,
        "margin": {"l": 8, "r": 8, "t": 48, "b": 36},
        "paper_bgcolor": clear,
        "plot_bgcolor": clear,
        "font": {"family": "Inter, Segoe UI, Roboto, Noto Sans, sans-serif", "size": 15},
        "separators": ",.",
        "dragmode": False,
        "template": "none",
    }


def _plain(words: str) -> str:
    """Plotly reads `<`, `&` and `%{` in what is hovered: names from outside are no markup."""
    return words.replace("&", "&amp;").replace("<", "&lt;").replace("%{", "% {")
