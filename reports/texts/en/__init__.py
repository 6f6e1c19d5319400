"""The report in English."""

from reports.texts.en import account, comparison, labels, ramp, search, sentences, workload
from reports.texts.en.nouns import NOUNS, REMEDIES

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
