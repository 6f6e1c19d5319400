"""The Vega-Lite definitions of the live charts. They come from outside: `setup(charts=...)` names their maker."""

from __future__ import annotations

import json
import pkgutil

import gevent
import gevent.lock


class Charts:
    """The definitions, asked for at their first use and then kept."""

    def __init__(self, maker: str | None) -> None:
        self._maker = maker
        self._text = ""
        self._lock = gevent.lock.BoundedSemaphore()

    def __bool__(self) -> bool:
        """Whether there are charts."""
        return self._maker is not None

    def text(self) -> str:
        """JSON: theme -> name of the chart -> its definition. In a thread: the imports that it takes are long."""
        with self._lock:
            if not self._text:
                self._text = gevent.get_hub().threadpool.apply(self._make)
        return self._text

    def _make(self) -> str:
        if self._maker is None:
            return "{}"
        return json.dumps(pkgutil.resolve_name(self._maker)())
