"""The comparison of runs in English."""

from __future__ import annotations

TEXTS = {
    "compare.title": "Bedrock load tests compared",
    "compare.run": "Run",
    "compare.folder": "Folder",
    "compare.model": "Model",
    "compare.region": "Region",
    "compare.tier": "Service tier",
    "compare.date": "Start",
    "compare.faster": "**{run} is faster than {base}.**",
    "compare.slower": "**{run} is slower than {base}.**",
    "compare.mixed": "**{run} is in part faster, in part slower than {base}.**",
    "compare.none": "**No difference in time between {run} and {base} is shown.**",
    "compare.nothing": "**Nothing could be compared: {run} has no level in common with {base}.** Compare runs of the same modes and users.",
    "compare.none_untested": "**No difference in time between {run} and {base} is shown in what could be tested; not tested, for want of calls: {untested}.**",
    "compare.nothing_untested": "**Nothing of {run} could be compared with {base}**, for want of calls: {untested}.",
    "compare.nothing_succeeded": "**No times of {run} could be compared with {base}**: in no level did calls succeed in both.",
    "compare.untested": "Not tested, for want of calls: {untested}.",
    "compare.untested_one": "{percentile} of {metrics}, {levels} (about {calls} successful calls in each run are needed)",
    "compare.most": "The largest clear change: {metric} {percentile} {change} % ({interval} %), {level}.",
    "compare.tests": "{clear} of {tests} comparisons are clear.",
    "compare.success_fell": "**More calls failed**: {changes}.",
    "compare.success_rose": "**Fewer calls failed**: {changes}.",
    "compare.success_one": "{level} (success {before} % before, {after} % now)",
    "compare.missing": "{run} has no call that ended at levels of the base: {levels}.",
    "compare.unlike": "**Not only what is compared differs; a difference may come from this:** {settings}.",
    "compare.unlike_one": "{name}: {values}",
    "compare.unlike_place": "measured against {values}",
    "compare.at_simulator": "the local simulator",
    "compare.at_aws": "AWS",
    "compare.at_elsewhere": "an endpoint that is not of AWS",
    "compare.throughput_most": "Output tokens/s at best, {mode}: {before} in {base}, {after} in {run} ({change} %).",
    "compare.ttft_ms": "Time to first token (ms)",
    "compare.tpot_ms": "Time per token (ms)",
    "compare.latency_ms": "Latency (s)",
    "compare.change": "{percentile}: {run} against {base} (%)",
    "compare.value": "{percentile} {run}",
    "compare.is_faster": "faster",
    "compare.is_slower": "slower",
    "compare.throughput": "Throughput and success",
    "compare.rate": "Output tokens/s {run}",
    "compare.rate_change": "{run} against {base} (%)",
    "compare.success": "Success {run} (%)",
    "compare.success_change": "Success, {run} against {base} (points)",
    "compare.settings": "Settings that differ",
    "compare.untrusted": "**What to bear in mind of {run}:**",
    "compare.gate_passed": "**Regression gate: passed.** Nothing is both clearly worse than in {base} and, as measured, by more than {limit} %.",
    "compare.gate_failed": "Clearly worse than in {base} and, as measured, by more than {limit} %:",
    "compare.gate_untested": "**Regression gate: passed.** Nothing that could be tested is both clearly worse than in {base}"
    " and, as measured, by more than {limit} %, and nothing else is above it.",
    "compare.gate_unshown": "Not shown to be within {limit} % of {base}, for want of calls:",
    "compare.gate_missing": "Levels of {base} in which no call ended:",
    "compare.gate_fails": "**Regression gate: failed.**",
    "compare.gate_absent": "{level} in {run}",
    "compare.gate_empty": "**Regression gate: failed.** Nothing could be compared with {base}.",
    "compare.gate_time": "{metric} {percentile} of {run}, {level} ({change} %{interval})",
    "compare.gate_success": "success of {run}, {level} ({change} points{interval})",
    "compare.method": """\
- Levels of the same mode and users are compared, over the successful calls of their windows.
- **In brackets**: the interval of the change of a percentile, 95 %, by bootstrap of both samples (20,000 draws,
  fixed seed). It asks for no shape of the distribution: latencies have long tails. None where there are too few
  calls for the percentile.
- **faster, slower**: so much would come by chance in less than 5 % of such comparisons of two runs that are the
  same, all comparisons of the two runs together (Holm). No word is no proof that there is no difference.
- **Success**: Newcombe's interval of the difference of two shares. Throughput has no interval: it is one number
  for a level.
- Calls of one run are not independent of each other, and the service has better and worse hours: what is shown
  are differences between these runs. Repeat them, in turn, before deciding.""",
}
