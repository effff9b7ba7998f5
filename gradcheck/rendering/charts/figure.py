"""Charts in Altair's grammar: from what is drawn to a Vega-Lite specification."""

from __future__ import annotations

import json
from math import ceil, floor, log10
from typing import Any

import altair as alt
from altair.utils.schemapi import debug_mode

from gradcheck.rendering.charts.palette import GRID, MUTED, PAGE, TEXT, looks
from gradcheck.rendering.charts.values import Axis, Drawn
from gradcheck.studies.study import Chart

# the first face is one that vl-convert brings along: text is measured alike on every machine
FONT = "Liberation Sans"
WIDTH, HEIGHT, PANEL = 720, 360, (290, 230)
_TURNED = 8  # from so many names on, or from names so long, they are listed downward
_LONG_NAMES = 70  # characters of all names together
_FADED = 0.12


def specification(chart: Chart, shown: Drawn, interactive: bool) -> dict[str, Any]:
    """The Vega-Lite specification of a chart: with a legend of its own, or with signals `focus` and `narrow` for a page that has one.

    Altair would check each part against its schema again and again, which takes as long as all the rest: tests check the whole.
    """
    with debug_mode(arg=False):
        return _specification(chart, shown, interactive)


def _specification(chart: Chart, shown: Drawn, interactive: bool) -> dict[str, Any]:
    picture = _Picture(chart, shown, interactive)
    layers = picture.layers()
    whole = alt.layer(*layers, data=_data(list(shown.points)))
    params = [alt.param("focus", value=""), alt.param("narrow", value=False)] if interactive else []
    if shown.panels:
        whole = picture.sized(whole).facet(
            facet=alt.Facet("p:N", title=None, sort=list(shown.panels)), columns=columns(len(shown.panels))
        ).resolve_axis(x="independent", y="independent")  # fmt: skip
    else:
        whole = picture.sized(whole)
    spec: dict[str, Any] = (whole.add_params(*params) if params else whole).to_dict(validate=False)
    return spec | {"config": config(interactive)}


def turned(chart: Chart, axis: Axis) -> bool:
    """Whether names are listed downward, and values go to the right."""
    return axis.scale == "names" and (len(axis.names) > _TURNED or sum(map(len, axis.names)) > _LONG_NAMES)


def columns(panels: int) -> int:
    """Panels side by side: three belong together, more stand in pairs."""
    return panels if panels in (1, 3) else 2


class _Picture:
    """The layers of one chart, from the back to the front."""

    def __init__(self, chart: Chart, shown: Drawn, interactive: bool) -> None:
        self.chart, self.shown, self.interactive = chart, shown, interactive
        self.turned = turned(chart, shown.x)
        self.looks = looks(max(1, len(shown.series)))
        self.names = shown.series or ("",)
        self.x, self.y = ("y", "x") if self.turned else ("x", "y")

    def layers(self) -> list[Any]:
        """Rules lie behind points and lines, which they would cut, and in front of bars, which would hide them; their labels in front of all."""
        base = alt.Chart()
        data = {"line": self._lines, "points": self._points, "bars": self._bars}[self.chart.kind](base)
        behind = [] if self.chart.kind == "bars" else self._rules()
        return [*behind, *data, *([] if behind else self._rules()), *self._labels()]

    def sized(self, whole: Any) -> Any:
        """The size of one panel, or of the whole with everything around it."""
        step = self._step()
        size: dict[str, Any] = {"height": alt.Step(step, **{"for": "position"})} if step else {"height": HEIGHT}
        if not self.shown.panels:
            return whole.properties(width=WIDTH, autosize=alt.AutoSizeParams(type="fit-x" if step else "fit", contains="padding"), **size)
        wide, high = PANEL
        return whole.properties(
            width={1: WIDTH - 80, 3: wide - 70}.get(len(self.shown.panels), wide), **(size if step else {"height": high})
        )

    def _step(self) -> int:
        """The height of one name where they are listed downward."""
        return (max(15, 8 * len(self.names)) if self.chart.kind == "bars" else max(15, 5 * len(self.names))) if self.turned else 0

    # encodings
    def _place(self) -> dict[str, Any]:
        x, y = self.shown.x, self.shown.y
        along = alt.Y if self.turned else alt.X
        across = alt.X if self.turned else alt.Y
        if x.scale == "names":
            first = along("x:N", title=None if self.turned else x.title, sort=list(x.names), axis=self._names_axis())
        else:
            first = along("x:Q", title=x.title, scale=_scale(x), axis=self._axis(x, self.x))
        return {self.x: first, self.y: across("y:Q", title=y.title, scale=_scale(y), axis=self._axis(y, self.y))}

    def _axis(self, axis: Axis, channel: str) -> alt.Axis:
        """A number axis; a page finds out for itself how many ticks there is room for."""
        few = bool(self.shown.panels)
        return _axis(axis, channel, None if self.interactive else (5 if few else 10) if channel == "x" else (6 if few else 9))

    def _names_axis(self) -> alt.Axis:
        limit: Any = alt.expr("narrow ? 120 : 260") if self.interactive else 260
        made = {"grid": self.turned, "labelLimit": limit, "labelOverlap": False, "gridOpacity": 0.5, "ticks": False, "domain": False}
        if self.turned or not self.interactive:
            return alt.Axis(labelAngle=0, **made)
        slanted: dict[str, Any] = {"labelAngle": alt.expr("narrow ? -35 : 0"), "labelAlign": alt.expr("narrow ? 'right' : 'center'")}
        return alt.Axis(**slanted, **made)

    def _colour(self) -> alt.Color:
        scale = alt.Scale(domain=list(self.names), range=[look.colour for look in self.looks])
        if not self.shown.series:
            return alt.Color(value=self.looks[0].colour)
        return alt.Color("s:N", title=None, scale=scale, legend=None if self.interactive else self._legend())

    def _shape(self) -> alt.Shape:
        scale = alt.Scale(domain=list(self.names), range=[look.shape for look in self.looks])
        if not self.shown.series:
            return alt.Shape(value=self.looks[0].shape)
        return alt.Shape("s:N", title=None, scale=scale, legend=None if self.interactive else self._legend())

    def _dash(self) -> Any:
        scale = alt.Scale(domain=list(self.names), range=[list(look.dash) for look in self.looks])
        return alt.StrokeDash("s:N", scale=scale, legend=None) if self.shown.series else alt.StrokeDash(value=[1, 0])

    def _legend(self) -> alt.Legend:
        widest = max(map(len, self.names)) * 6.6 + 34
        return alt.Legend(
            orient="top", direction="horizontal", columns=max(1, min(len(self.names), int((WIDTH - 60) / widest))), labelLimit=400
        )

    def _opacity(self, strength: float) -> Any:
        """Full, but faded where another series is in focus."""
        if not self.interactive or not self.shown.series:
            return alt.value(strength)
        return alt.condition("focus === '' || focus === datum.s", alt.value(strength), alt.value(_FADED * strength))

    def _offset(self) -> dict[str, Any]:
        """Series side by side within a name."""
        if self.shown.x.scale != "names" or len(self.names) < 2 or self.chart.kind == "line":
            return {}
        made = alt.YOffset if self.turned else alt.XOffset
        return {self.x + "Offset": made("s:N", sort=list(self.names))}

    def _tooltip(self) -> dict[str, Any]:
        """That there is something to tell; what it is, the page takes from the point."""
        return {"tooltip": alt.value("point")} if self.interactive else {}

    # marks
    def _lines(self, base: Any) -> list[Any]:
        place, clip = self._place(), self.interactive
        broken = alt.Detail("s:N") if self.shown.series else alt.Undefined
        line = base.mark_line(clip=clip, strokeWidth=2, strokeJoin="round", invalid="break-paths-show-path-domains").encode(
            **place, color=self._colour(), strokeDash=self._dash(), detail=broken, opacity=self._opacity(1.0)
        )
        marks = base.mark_point(filled=True, clip=clip, size=58, stroke=PAGE, strokeWidth=0.8).transform_filter("isValid(datum.y)")
        near, shown = self._near()
        marks = marks.encode(**place, color=self._colour(), shape=self._shape(), opacity=shown, **self._tooltip())
        return [*self._band(base), line, marks.add_params(*near) if near else marks.transform_filter("datum.m")]

    def _near(self) -> tuple[list[Any], Any]:
        """Every point answers to a pointer nearby, also one that is not marked; the axes follow wheel and mouse."""
        if not self.interactive:
            return [], alt.value(1.0)
        near = alt.selection_point(name="near", nearest=True, on="pointermove", clear="pointerout", empty=False)
        zoom = alt.selection_interval(
            name="zoom", bind="scales", zoom="wheel![event.ctrlKey]", clear="dblclick",
            translate="[pointerdown[event.pointerType === 'mouse'], window:pointerup] > window:pointermove!",
        )  # fmt: skip
        focused = "(focus === '' || focus === datum.s)" if self.shown.series else "true"
        params = [near] if "names" in (self.shown.x.scale, self.shown.y.scale) else [near, zoom]
        test = alt.condition(f"datum.m && {focused}", alt.value(1.0), alt.value(0.0))
        return params, alt.Opacity(condition=[{"param": "near", "empty": False, "value": 1.0}, test["condition"]], value=0.0)

    def _band(self, base: Any) -> list[Any]:
        """The interval around a line, if there is one."""
        if not any("l" in p for p in self.shown.points):
            return []
        place = self._place() | {self.y: self._ends("l"), self.y + "2": "h:Q"}
        broken = alt.Detail("s:N") if self.shown.series else alt.Undefined
        band = base.mark_area(clip=self.interactive, line=False).transform_filter("isValid(datum.l)")
        return [band.encode(**place, color=self._colour(), detail=broken, opacity=self._opacity(0.2))]

    def _ends(self, name: str) -> Any:
        across = alt.X if self.turned else alt.Y
        return across(f"{name}:Q", title=self.shown.y.title, scale=_scale(self.shown.y), axis=self._axis(self.shown.y, self.y))

    def _whiskers(self, base: Any, colour: Any) -> list[Any]:
        if not any("l" in p for p in self.shown.points):
            return []
        place = self._place() | {self.y: self._ends("l"), self.y + "2": "h:Q"}
        whisker = base.mark_rule(clip=self.interactive, strokeWidth=1.4).transform_filter("isValid(datum.l)")
        return [whisker.encode(**place, **self._offset(), color=colour, opacity=self._opacity(0.9))]

    def _points(self, base: Any) -> list[Any]:
        marks = base.mark_point(filled=True, size=46, stroke=PAGE, strokeWidth=0.8, clip=self.interactive and not self.turned)
        marks = marks.encode(
            **self._place(), **self._offset(), color=self._colour(), shape=self._shape(), opacity=self._opacity(1.0), **self._tooltip()
        )
        return [*self._whiskers(base, self._colour()), marks]

    def _bars(self, base: Any) -> list[Any]:
        foot = alt.datum(self.shown.y.low if self.shown.y.scale == "log" else 0)
        bars = base.mark_bar(cornerRadiusEnd=1.5).encode(
            **self._place(), **self._offset(), **{self.y + "2": foot}, color=self._colour(), opacity=self._opacity(1.0), **self._tooltip()
        )
        return [bars, *self._whiskers(base, alt.value(TEXT))]

    # rules
    def _rules(self) -> list[Any]:
        return [self._rule(n).mark_rule(color=MUTED, strokeWidth=1.2, strokeDash=[4, 3]) for n in range(len(self.shown.rules))]

    def _labels(self) -> list[Any]:
        """Labels at the end of each line, on the side with more room; those of upright lines at different heights."""
        made: list[Any] = []
        for n, rule in enumerate(self.shown.rules):
            upright = (rule.axis == "x") != self.turned
            share = _share(self.shown.x if rule.axis == "x" else self.shown.y, rule.at) if upright else 1.0
            before = share > 0.5
            at = {"y": alt.value(9 + 15 * sum(r.axis == rule.axis for r in self.shown.rules[:n]))} if upright else {"x": alt.value("width")}
            room = alt.expr(f"{'child_width' if self.shown.panels else 'width'} * {max(share, 1 - share):.3f} - 8")
            lift = (
                9 if not upright and _share(self.shown.y if rule.axis == "y" else self.shown.x, rule.at) > 0.94 else -7
            )  # below what is at the top
            place = {"align": "right" if before else "left", "dx": -5 if before else 5, "dy": 0 if upright else lift}
            base = self._rule(n).encode(text=alt.value(rule.label), **at)
            halo = {"stroke": PAGE, "strokeWidth": 3, "color": PAGE}  # the page's colour behind the letters keeps them apart from lines
            made += [base.mark_text(fontSize=11.5, limit=room, **place, **ink) for ink in (halo, {"color": TEXT})]
        return made

    def _rule(self, n: int) -> Any:
        rule = self.shown.rules[n]
        where, axis = (self.x, self.shown.x) if rule.axis == "x" else (self.y, self.shown.y)
        channel = alt.X if where == "x" else alt.Y
        base = (
            alt.Chart(_data([{"at": rule.at}]))
            if not self.shown.panels
            else alt.Chart().transform_aggregate(n="count()").transform_calculate(at=repr(rule.at))
        )
        place: dict[str, Any] = {where: channel("at:Q", title=axis.title, scale=_scale(axis), axis=self._axis(axis, where))}
        return base.encode(**place)


def _share(axis: Axis, at: float) -> float:
    """How far along an axis a value lies, from 0 to 1."""
    if axis.scale == "log":
        return (log10(at) - log10(axis.low)) / (log10(axis.high) - log10(axis.low)) if at > 0 else 0.0
    return (at - axis.low) / (axis.high - axis.low)


def _scale(axis: Axis) -> alt.Scale:
    return alt.Scale(type="log" if axis.scale == "log" else "linear", domain=[axis.low, axis.high], nice=False, zero=False)


def _axis(axis: Axis, channel: str, room: int | None) -> alt.Axis:
    """Ticks of an axis: `room` for so many powers of ten, or as many as fit; between the powers only where there are few or a reader zooms in."""
    if axis.scale != "log":
        plain = max(abs(axis.low), abs(axis.high)) < 1e6 and axis.high - axis.low > 1e-3
        return alt.Axis(format=alt.Undefined if plain else ".3~g", labelOverlap="parity", tickCount=8)
    whole = "abs(log(datum.value) / LN10 - round(log(datum.value) / LN10)) < 1e-6"
    foot = f"datum.value < {axis.zero * 2!r} ? '' : " if axis.zero is not None else ""
    powers = _powers(axis, room) if room else []
    if len(powers) > 1:
        return alt.Axis(labelExpr=f"{foot}{_power(axis)}", values=powers)
    near = f"domain('{channel}')[1] < 40 * domain('{channel}')[0]"
    label = f"{foot}{whole} ? ({_power(axis)}) : {near} ? format(datum.value, '.3~g') : ''"
    fine = alt.condition(f"{whole} || {near}", alt.value(1.0), alt.value(0.0))
    return alt.Axis(labelExpr=label, labelOverlap="greedy", gridOpacity=fine, tickOpacity=fine)


def _powers(axis: Axis, room: int) -> list[float]:
    """The powers of ten on an axis, thinned evenly until there is room."""
    low, high = ceil(log10(axis.low)), floor(log10(axis.high))
    stride = next(s for s in (1, 2, 3, 5, 10, 20, 50, 100, 200) if (high - low) // s < room)
    return [float(f"1e{e}") for e in range(low, high + 1) if e % stride == 0]


def _power(axis: Axis) -> str:
    """An expression that writes a power of ten: 100 where all are short, else 10 with its exponent raised."""
    if axis.low >= 1e-3 and axis.high < 2e4:
        return "format(datum.value, ',~f')"
    e, digits = "round(log(datum.value) / LN10)", json.dumps(list("⁰¹²³⁴⁵⁶⁷⁸⁹"), ensure_ascii=False)
    hundreds = f"(abs({e}) > 99 ? {digits}[floor(abs({e}) / 100)] : '')"
    tens = f"(abs({e}) > 9 ? {digits}[floor(abs({e}) / 10) % 10] : '')"
    return f"'10' + ({e} < 0 ? '⁻' : '') + {hundreds} + {tens} + {digits}[abs({e}) % 10]"


def config(interactive: bool) -> dict[str, Any]:
    """Faces, sizes and colours shared by all charts."""
    axis = {
        "labelColor": MUTED, "titleColor": TEXT, "gridColor": GRID, "domainColor": MUTED, "tickColor": MUTED, "labelFontSize": 12,
        "titleFontSize": 12.5, "titleFontWeight": "normal", "titlePadding": 8, "tickSize": 4,
    }  # fmt: skip
    legend = {
        "labelColor": TEXT,
        "labelFontSize": 12.5,
        "symbolSize": 70,
        "symbolStrokeWidth": 0,
        "symbolOpacity": 1,
        "columnPadding": 18,
        "offset": 12,
    }
    return {
        "font": FONT, "background": "transparent" if interactive else PAGE, "padding": 4 if interactive else 12, "aria": False, "axis": axis,
        "legend": legend, "header": {"labelColor": TEXT, "labelFontSize": 12.5, "labelFontWeight": "bold", "labelLimit": 230}, "view": {"stroke": None},
        "facet": {"spacing": 24},
    }  # fmt: skip


def _data(values: list[dict[str, Any]]) -> Any:
    return alt.Data(values=values)  # type: ignore[no-untyped-call]
