"""The charts of a page as data: their Vega-Lite definitions, so that each can be hovered and zoomed."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

from reports.charts.style import DARK

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from reports.charts import Drawing

MOST_BYTES = 2_000_000
"""Of all definitions: a chart beyond is a drawing only, so that a page stays below 5 MB."""
TELLING = ("line", "bar", "point", "circle", "area")
"""Marks that stand for figures; the others mark places and explain."""
NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
Definition = dict[str, Any]


def as_json(charts: Mapping[str, Drawing]) -> str:
    """JSON of the definitions and of the colours on a dark page, safe within a script element; empty without charts."""
    kept: dict[str, Definition] = {}
    size = 0
    for name, drawing in charts.items():
        definition = live(drawing.definition)
        size += len(json.dumps(definition))
        if size <= MOST_BYTES:
            kept[name] = definition
    if not kept:
        return ""
    text = json.dumps({"charts": kept, "dark": DARK}, ensure_ascii=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def live(definition: Definition) -> Definition:
    """The definition with values under the pointer, and axes that can be moved and zoomed."""
    made = copy.deepcopy(definition)
    made.setdefault("config", {})["numberFormat"] = ",.4~r"
    for number, view in enumerate(_views(made)):
        _with_values(view)
        _with_zoom(view, f"zoom_{number}")
    return made


def _views(part: Definition) -> Iterator[Definition]:
    """The views of a definition, each of which has axes of its own."""
    together = next((key for key in ("vconcat", "hconcat", "concat") if key in part), None)
    if together is None:
        yield part
        return
    for inner in part[together]:
        yield from _views(inner)


def _layers(view: Definition) -> Iterator[Definition]:
    if "layer" not in view:
        yield view
        return
    for inner in view["layer"]:
        yield from _layers(inner)


def _kind(layer: Definition) -> str:
    mark = layer.get("mark", "")
    return str(mark["type"]) if isinstance(mark, dict) else str(mark)


def _with_values(view: Definition) -> None:
    for layer in _layers(view):
        kind = _kind(layer)
        mark = layer["mark"] if isinstance(layer["mark"], dict) else {"type": kind}
        layer["mark"] = {**mark, "tooltip": None}
        if kind in TELLING:
            del layer["mark"]["tooltip"]
            encoding = layer.setdefault("encoding", {})
            encoding["tooltip"] = list(_values({**view.get("encoding", {}), **encoding}))


def _values(encoding: Definition) -> Iterator[Definition]:
    """What stands under the pointer: what the mark is of, as a heading, and its values with the words of the axes."""
    channels = [encoding.get(name, {}) for name in ("color", "shape", "y")]
    names = dict.fromkeys(channel["field"] for channel in channels if _is_name(channel))
    for number, name in enumerate(names):
        # vega-tooltip makes a heading of what is called `title`.
        yield {"field": name, "type": "nominal", "title": NO_BREAK_SPACE * number or "title"}
    for axis in ("x", "y"):
        channel = encoding.get(axis, {})
        if channel.get("type") == "quantitative" and "field" in channel:
            yield {"field": channel["field"], "type": "quantitative", "title": channel.get("title") or channel["field"]}


def _is_name(channel: Definition) -> bool:
    return channel.get("type") == "nominal" and "field" in channel


def _with_zoom(view: Definition, name: str) -> None:
    """Drag moves and ctrl with the wheel zooms, as a pinch does: the wheel alone is for the page."""
    for layer in _layers(view):
        encoding = {**view.get("encoding", {}), **layer.get("encoding", {})}
        axes = [axis for axis in ("x", "y") if encoding.get(axis, {}).get("type") == "quantitative"]
        if _kind(layer) in TELLING and axes:
            select = {"type": "interval", "encodings": axes, "zoom": "wheel![event.ctrlKey]"}
            layer.setdefault("params", []).append({"name": name, "bind": "scales", "select": select})
            return
