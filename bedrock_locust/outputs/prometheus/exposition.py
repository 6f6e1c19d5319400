"""The text that a server of Prometheus fetches, made by the client library a series at a time.

A series has some 350 lines, and a run of 20 levels some 40 series: to make all of them takes 0.3 s, and the loop stands
still meanwhile. So the text of a series is kept until the series changes, which is that of one level at a time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import gevent
from prometheus_client.exposition import choose_encoder

from bedrock_locust.outputs.prometheus.figures import COUNTS, TIMES, counter_of, histogram_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client import Metric

    from bedrock_locust.outputs.prometheus.figures import Figures, Series

END = b"# EOF\n"
"""How the newer of the formats ends."""


class _Some(NamedTuple):
    """Metrics, as the encoders of the client library take them."""

    metrics: Iterable[Metric]

    def collect(self) -> Iterable[Metric]:
        """The metrics."""
        return self.metrics


class _Kept(NamedTuple):
    """The lines of a series, by the name of the metric, and the version that they are of."""

    version: int
    lines: dict[str, bytes]


class Exposition:
    """Writes the figures in the formats that are asked for."""

    def __init__(self, figures: Figures) -> None:
        self._figures = figures
        self._kept: dict[tuple[str, tuple[str, ...]], _Kept] = {}

    def text(self, accept: str) -> tuple[bytes, str]:
        """The figures in the format of this header of a request, and the type of its content."""
        encoder, content_type = choose_encoder(accept)

        def encode(metric: Metric) -> bytes:
            return encoder(_Some([metric])).removesuffix(END)

        every = [self._lines(encode, content_type, key, series) for key, series in list(self._figures.series.items())]
        made = [encode(metric) for metric in self._figures.now()]
        for empty in (*map(counter_of, COUNTS), *map(histogram_of, TIMES)):
            made += [encode(empty), *(lines[empty.name] for lines in every if empty.name in lines)]
        return b"".join(made) + (END if encoder(_Some([])) else b""), content_type

    def _lines(
        self, encode: Callable[[Metric], bytes], content_type: str, key: tuple[str, ...], series: Series
    ) -> dict[str, bytes]:
        """The lines of a series, without those that describe its metrics."""
        kept = self._kept.get((content_type, key))
        if kept is None or kept.version != series.version:
            gevent.sleep(0)
            version = series.version
            kept = _Kept(version, {metric.name: _without_head(encode(metric)) for metric in series.families()})
            self._kept[content_type, key] = kept
        return kept.lines


def _without_head(text: bytes) -> bytes:
    return b"".join(line for line in text.splitlines(keepends=True) if not line.startswith(b"#"))
