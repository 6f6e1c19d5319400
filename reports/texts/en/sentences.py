"""Sentences and notes in English. `{name}` is a value; sections say which."""

from __future__ import annotations

TEXTS = {
    "list.comma": ", ",
    "list.semicolon": "; ",
    "list.stop": ".",
    "list.last": "{first} and {last}",
    "list.more": "{count} more",
    "mode.streaming": "streaming",
    "mode.non_streaming": "non-streaming",
    "time.s": "{s} s",
    "time.min": "{min} min",
    "time.min_s": "{min} min {s} s",
    "time.h": "{h} h",
    "time.h_min": "{h} h {min} min",
    "level.at": "{mode} at {users}",
    "at.users": "at {level}",
    "at.name": "with {level}",
    "from.users": "from {level} on",
    "mark.shaky": "† Too few successful calls behind it (P95 needs 20, P99 needs 100): take it as a hint.",
    "mark.short": "‡ Cut short: calls cut off with the level are missing in its throughput.",
    "mark.interval": "In brackets: where the true value lies with 95 % confidence, as far as chance goes; `…` is an open"
    " end, for too few calls.",
    "mark.change": "In brackets: where the true change lies with 95 % confidence, as far as chance goes.",
    "unknown.model": "unknown model",
    "unnamed": "unnamed",
    "title": "Bedrock load test: {models}",
    "title.region": "{models} in {region}",
    "facts.from": "{calls} from {workers}",
    "facts.load": "{duration} of load",
    "facts.cut": "{levels} ({cut} cut short)",
    "facts.levels": "{levels} of {duration}",
    "unit.output_tokens_per_s": "{rate} output tokens/s",
    "unit.requests_per_s": "{rate} requests/s",
    "end.nothing": "**No call succeeded:** {calls} failed, most with {category}. {remedy}",
    "end.unended": "**No call ended:** the run was over before the first answer ({calls}). Let it run for longer.",
    "end.none": "**No call was made.** See the console output of the run and `exceptions.csv` in this folder.",
    "end.lost": "**The calls are lost:** {calls} were recorded, but `requests.csv` holds none. Restore the file if you can.",
    "end.unmeasured": "**Nothing was measured:** {calls} succeeded, but no level had its users and its warm-up done.",
    "end.mode": "**{mode}: no measured call succeeded.**",
    "kind.rate": "**{kind}: {rate}.**",
    "kind.met": "Meets the SLO ({slo}).",
    "kind.missed": "Does not meet the SLO ({slo}): {failing}.",
    "kind.failed": "{failed} of {calls} ({share} %) failed, most with {category}.",
    "kind.more": "{count} more kinds of call are in the table of results.",
    "runs.slo": "**{mode}: runs well up to {level}** (SLO: {slo}).",
    "runs.slo_all": "**{mode}: meets the SLO at every level, up to {level}** ({slo}).",
    "runs.no_slo": "**{mode}: no level meets the SLO** ({slo}). At {level}: {failing}.",
    "runs.knee": "**{mode}: runs best at {level}**; beyond, users wait more than they gain (knee).",
    "runs.knee_last": "**{mode}: runs best at {level}**, the highest level without trouble.",
    "runs.most": "**{mode}: {rate} {at}.**",
    "runs.quota": "**{mode}: runs well up to {level}, as far as the quotas carry it.**",
    "runs.no_quota": "**{mode}: no level is within the quotas.**",
    "runs.used_up": "By the measured load, {quota} is used up at about {users}.",
    "runs.met": "The SLO ({slo}) was met up to {level}.",
    "runs.best_over": "Most throughput, but above the quota: {rate} {at}.",
    "runs.over": "{where}, the run was over {quota} (used to {used}); only the short window of {window} s hid it, as quotas count by the minute.",
    "runs.there": "There: {figures}.",
    "runs.best": "Most throughput: {rate} {at}.",
    "figure.rate": "{rate}",
    "figure.speed": "{speed} tokens/s for each user",
    "figure.ttft": "first token after {p50} ms (P50), {p95} ms (P95{mark})",
    "figure.latency": "whole answer after {p50} s (P50), {p95} s (P95{mark})",
    "figure.cost": "{cost} per 1,000 calls",
    "limit.throttled": "First to give out, {at}: throttling, {failed} of {calls} ({share} %).",
    "limit.failures": "First to give out, {at}: {failed} of {calls} ({share} %) failed, most with {category}.",
    "limit.client": "First to give out, {at}: the load generator itself, see below; more says nothing of the model.",
    "limit.slo": "First to give out, {at}: {failing}.",
    "limit.flat": "First to give out, {at}: throughput, {more} % more for {slower} % longer waits.",
    "limit.fewer": "First to give out, {at}: throughput, {less} % less than before, with {slower} % longer waits.",
    "limit.rising": "It still grew at the last level: go higher (`concurrency.end`) to find the limit.",
    "limit.main_throttled": "{where}, most failures were throttling: {failed} of {calls} ({share} %).",
    "limit.main_failures": "{where}, most failures were {category}: {failed} of {calls} ({share} %).",
    "limit.requests": "Likely it was the quota of {quota} requests per minute, used to {percent} %.",
    "limit.tokens": "Likely it was the quota of {quota} tokens per minute, used to {percent} %; `max_tokens` of {max_tokens}"
    " reserves {ratio} × what the answers use.",
    "limit.said": "The service said: {message}",
    "limit.no_quota": "Set `model.quota` and `model.tokens_per_minute` to see which quota it was.",
    "remedy": "What to do about {category}: {remedy}",
    "gain": "**What streaming gains:** {at}, the first words come after {ttft} s instead of {latency} s (P50); the whole"
    " answer takes {change}.",
    "gain.longer": "{percent} % longer",
    "gain.shorter": "{percent} % less time",
    "gain.same": "as long, as far as can be told",
    "run.cost": "The run cost {cost}.",
    "run.cost_unknown": "The run cost {cost}, without {calls} that came without token counts.",
    "gate.passed": "**SLO gate: passed** {scope}.",
    "gate.failed": "**SLO gate: failed** {scope}: {reasons}.",
    "gate.missed": "not met by {levels}",
    "gate.unmeasured": "nothing measured in {levels}",
    "gate.unsure": "Too few calls to be sure of it: see below.",
    "gate.empty": "**SLO gate: failed** {scope}: nothing was measured there.",
    "gate.all": "(every level)",
    "gate.names": "(every kind of call)",
    "gate.users": "(levels of up to {users})",
    "trust.question": "**Can these numbers be trusted?**",
    "trust.yes": "Yes: the run is complete, no call is missing, and the client kept up.",
    "trust.busiest": "The busiest worker used {percent} % of a core.",
    "trust.but": "Only with this in mind:",
    "trust.simulator": "Measured against the local simulator, not against AWS Bedrock: the numbers show how the tool works"
    " and say nothing about a model.",
    "trust.here": "Not AWS: what answered is {host}, a program on the machine that made the calls, such as a simulator. The"
    " numbers say nothing about Bedrock.",
    "trust.elsewhere": "The calls went to {host}, which is not a name of AWS: what is measured is that host, and Bedrock only"
    " as far as it passes calls on.",
    "trust.running": "The run had not ended when this report was made, or it crashed: its last seconds are missing.",
    "trust.interrupted": "The run was interrupted{reason}: what came after is not measured. Let it run to its end.",
    "trust.limited": "The run was ended early by a limit in its settings{reason}: what came after is not measured. Raise it"
    " in `limits` to go on.",
    "trust.limit_total": ", {total} in the end",
    "trust.same_failures": "The run was ended early, as the same failure came again and again: {category}{reason}. {remedy}",
    "trust.failed": "The run failed{reason}. Mend the cause and run it again.",
    "damage.cut": "The last line of `requests.csv` is cut short and left out: the run ended abruptly.",
    "damage.lost": "Left out: {lines} of `requests.csv` that cannot be read. Look at the file.",
    "damage.no_levels": "`levels.csv` is missing or broken: the windows that it lacks are guessed from the calls. Rely on the"
    " latencies, less on what happened per second.",
    "damage.no_gaps": "`gaps.csv`, which is written at the end of a run, is missing or broken: of the gaps between tokens only"
    " the longest of each call is known.",
    "damage.gaps": "Left out of the gaps between tokens: {lines} of `gaps.csv` that cannot be read. Look at the file.",
    "damage.no_info": "`run.json` is missing or broken: nothing is known of the settings, of lost calls or of the end of"
    " the run. Run the test again if that matters.",
    "damage.other_format": "`run.json` is not of format 1, which this report reads. Make the report with the version of"
    " bedrock-locust that made the run.",
    "trust.missing": "No full account came from {workers}: calls may be missing. See its log, and run the test again.",
    "trust.refused": "{worker} could not take part: {reason}. The others made the calls.",
    "trust.disturbed": "A worker was lost in mid-run, or left: {levels}. For some seconds users there were fewer, or"
    " more, than asked for. Measure these again.",
    "trust.lost": "{lost} of {made} never reached the master and are not in the numbers. Check the network to the workers,"
    " and run the test again.",
    "trust.unwritten": "{lost} calls are lost: the run folder could not be written and memory had no more room. Make room"
    " on the disk, and run it again.",
    "trust.fewer_rows": "`requests.csv` holds {found} of the {written} calls that were recorded. Restore the file if you"
    " can.",
    "trust.busy": "The load generator was the limit: {workers} used up to {percent} % of a core, so times are too long and"
    " throughput too low. Use more worker processes (`--processes`) or more machines.",
    "trust.late": "Client-limited: {levels}. The load generator held calls up by as much as {delay_ms} ms (P95), a tenth of"
    " the wait or more. Use more worker processes (`--processes`) or more machines.",
    "trust.late_said": "Client-limited, as the load generator noted: {levels}. Use more worker processes (`--processes`) or more machines.",
    "cause.cpu_percent": "worker {worker} used {value} % of a core",
    "cause.loop_lag_p99_ms": "the event loop of worker {worker} ran {value} ms late at P99",
    "cause.read_lag_p99_ms": "first tokens were read {value} ms late at P99",
    "trust.tiers": "The service answered in different tiers: {tiers}. The figures mix them. `model.service_tier` asks for one; what reserved capacity cannot take, the default tier answers.",
    "trust.models": "Calls went to different models: {models}. The figures mix them.",
    "trust.planned": "{started} of {planned} started: run again to get the rest.",
    "trust.never": "Never measured: {levels}. Not all users ran, or the warm-up was not over. {longer}",
    "trust.users": "Fewer users ran than asked for: {levels}. Raise the spawn rate or add workers.",
    "trust.few": "Fewer than {needed} successful calls: {levels}. Take P95 and P99 there as hints. {longer}",
    "trust.tokens": "{missing} of {calls} came without token counts and add no tokens, so tokens/s are too low. Use an"
    " API that reports usage (`model.api`: `converse`).",
    "trust.longer": "Measure longer (`concurrency.duration_seconds`, or `--run-time` without levels).",
    "trust.workers": "worker {workers}",
    "slo": "Service level objective",
    "slo.asked": "Asked for: {slo}.",
    "slo.tolerable": "Without `slo.success_rate`, no more than {share} % of the calls may fail, or one.",
    "slo.pass": "met",
    "slo.fail": "not met: {failing}",
    "slo.close": "(too few calls to be sure)",
    "slo.unsure": "The {calls} {at} are too few to be sure of this verdict.",
    "slo.close_note": "Too few calls to be sure: the limit lies inside the 95 % interval of the figure, so that more calls could turn the verdict. Measure longer.",
    "slo.unmeasured": "not measured",
    "slo.not_asked": "nothing asked",
    "slo.time": "{metric} P{percentile} ≤ {limit}",
    "slo.success": "success ≥ {limit} %",
    "slo.speed": "≥ {limit} tokens/s for {percentile} % of the calls",
    "slo.failing_time": "{metric} P{percentile} {value} instead of at most {limit}",
    "slo.failing_success": "success {value} % instead of at least {limit} %",
    "slo.failing_speed": "{value} tokens/s for each user instead of at least {limit}",
    "quota": "Quotas",
    "quota.note": "As AWS counts: at its start a call reserves input + cache + `max_tokens`; when it ends, input + cache"
    " written + output × {burndown} stay on the account. Counted is what stands against the quota in a minute.",
    "quota.together": "All kinds of call together, in the same minutes: {shares}.",
    "quota.share": "{percent} % of {quota}",
    "quota.none": "Set `model.quota` and `model.tokens_per_minute` to see the shares.",
    "quota.lenient": "{percent} % of {quota} was used {at} without a throttle, for a minute or more: so this is not the real quota. Compare the settings with Service Quotas; it is not held against any level.",
    "quota.mode": "**{mode}:** {forecasts}",
    "quota.between": "{quota} are used up at about {users} (measured: {levels}).",
    "quota.beyond": "{quota} are used up at about {users} (extrapolated from {levels}).",
    "quota.full": "{quota} are not used up: at most {levels}, as more users bring no more load.",
    "quota.at": "{percent} % {at}",
    "quota.of_requests": "the quota of {quota} requests per minute",
    "quota.of_tokens": "the quota of {quota} tokens per minute",
    "quota.requests": "Requests per minute",
    "quota.tokens": "Tokens per minute",
    "quota.reserve": "`max_tokens` of {max_tokens} reserves {ratio} × what the answers use: lower it to fit more calls into"
    " the same quota.",
    "cost": "Cost",
    "cost.note": "By `pricing` in the settings, over every call with token counts, warm-up and drain included:"
    " {cost} for the run.",
    "method": "Method",
    "method.always": """\
- All times count from the moment a request is handed to an open connection.
- **Latency**: until the answer is complete. **TTFT**: until the first event with generated content (text,
  reasoning or tool input).
- **Per token** (TPOT): time from the first to the last token, divided by output tokens less one; tokens/s for
  each user are 1000 / its P50.
- **Percentiles** are exact, over all successful calls, interpolated linearly; their intervals come from order
  statistics, those of shares from Wilson's formula. Failed calls are left out.
- **Token counts** are the service's own. SDK retries are off: a throttled call counts as failed.""",
    "method.levels": """\
- **A call belongs to the level in which it started.** Success, latency and TTFT are of the calls that
  started while the level was measured: all its users ran and the warm-up had passed.
- **Per second**: what happened inside that window, whenever the call started. Output tokens are spread evenly
  from the first to the last (without streaming: over the call); input tokens count at the first token
  (without streaming: at the end); a request counts when it ended well.
- **The knee** is the level with the most throughput for its mean latency.""",
    "method.names": """\
- **There are no levels**, so there is a row for each mode and name, over all its calls; per second is from
  the first start to the last end.""",
}
