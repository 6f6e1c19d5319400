"""The report in Chinese."""

from reports.texts.zh import comparison, labels, sentences, workload
from reports.texts.zh.nouns import NOUNS, REMEDIES

__all__ = ["NOUNS", "REMEDIES", "TEXTS"]

TEXTS = {**sentences.TEXTS, **labels.TEXTS, **comparison.TEXTS, **workload.TEXTS}
