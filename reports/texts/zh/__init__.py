"""The report in Chinese."""

from reports.texts.zh import account, comparison, labels, ramp, search, sentences, workload
from reports.texts.zh.nouns import NOUNS, REMEDIES

__all__ = ["NOUNS", "REMEDIES", "TEXTS"]

TEXTS = {
    **account.TEXTS,
    **sentences.TEXTS,
    **labels.TEXTS,
    **comparison.TEXTS,
    **workload.TEXTS,
    **search.TEXTS,
    **ramp.TEXTS,
}
