"""Sentences and notes in English. `{name}` is a value; sections say which."""

from __future__ import annotations

TEXTS = {
    "list.comma": ", ",
    "list.clause": ", ",
    "list.colon": ": ",
    "list.semicolon": "; ",
    "list.stop": ".",
    "list.space": " ",
    "list.last": "{first} and {last}",
    "list.range": "{low} to {high}",
    "list.more": "{count} more",
    "mode.streaming": "streaming",
    "mode.non_streaming": "non-streaming",
    "time.s": "{s} s",
    "time.min": "{min} min",
    "time.min_s": "{min} min {s} s",
    "time.h": "{h} h",
    "time.h_min": "{h} h {min} min",
    "level.at": "{mode} at {load}",
    "level.in": "{mode}, {load}",
    "level.trial": "{load} (try {number})",
    "level.part": "part {part} ({rates})",
    "at.users": "at {level}",
    "at.part": "in {level}",
    "at.cut": "{at}, a level that ended early, after {window} s",
    "at.name": "with {level}",
    "from.users": "from {level} on",
    "mark.shaky": "† Too few calls to bound this percentile (P95 needs 72, P99 needs 368 independent calls; more if calls are"
    " slow together): read it as a hint.",
    "mark.longer": "Values with > are lower bounds: too many calls timed out, broke off late or were cut off before their end.",
    "mark.short": "‡ The level ended early. Calls that were cut off with it are missing from its throughput.",
    "mark.interval": "In brackets: the 95 % confidence interval. `…` marks a side that so few calls cannot bound.",
    "mark.change": "In brackets: the 95 % confidence interval of the change.",
    "title.behind": "{model} ({behind})",
    "unknown.model": "unknown model",
    "unnamed": "unnamed",
    "title": "Bedrock load test: {models}",
    "title.region": "{models} in {region}",
    "title.api": "{where}, {api}",
    "title.mantle": "{api} on bedrock-mantle",
    "facts.from": "{calls} from {workers}",
    "facts.load": "{duration} of load",
    "facts.cut": "{levels} ({cut} ended early)",
    "facts.levels": "{levels} of {duration}",
    "unit.output_tokens_per_s": "{rate} output tokens/s",
    "unit.requests_per_s": "{rate} requests/s",
    "end.nothing": "**No call succeeded:** {calls} failed, {calls:with|most with} {category}. {remedy}",
    "end.unended": "**No call finished:** the run ended before the first answer was complete ({calls}). Let it run longer.",
    "end.stopped": "**No call was made.** The run was stopped before its first one{reason}.",
    "end.none": "**No call was made.** See the console output of the run and `exceptions.csv` in this folder.",
    "end.lost": "**The {calls:call is|calls are} lost:** the run recorded {calls}, but `requests.csv` has none. Restore the file if you can.",
    "end.unmeasured": "**Nothing was measured:** {calls} succeeded, but no level got all its users and finished its"
    " warm-up.",
    "end.mode": "**{mode}: no measured call succeeded.**",
    "kind.rate": "**{kind}: {rate}.**",
    "kind.figures": "Measured: {figures}.",
    "kind.met": "Meets the SLO ({slo}).",
    "kind.unmeasured": "The SLO ({slo}) was not measured in full: {unmeasured}.",
    "kind.missed": "Does not meet the SLO ({slo}): {failing}.",
    "kind.failed": "{failed} of {calls} ({share} %) failed, {failed:with|most with} {category}.",
    "kind.more": "The table of results has {count} more {count:kind|kinds} of call.",
    "runs.slo": "**{mode}: meets the SLO up to {level}** ({slo}).",
    "runs.slo_all": "**{mode}: meets the SLO at every level, up to {level}** ({slo}).",
    "runs.no_slo": "**{mode}: no level meets the SLO** ({slo}). At {level}: {failing}.",
    "runs.slo_unmeasured": "**{mode}: the SLO was not measured in full** ({slo}). At {level}: {unmeasured}.",
    "runs.knee_between": "**{mode}: works best between {low} and {level}.** With more load, waiting grows faster than"
    " throughput (knee).",
    "runs.knee_between_last": "**{mode}: works best between {low} and {level}**, the highest levels without problems.",
    "runs.knee": "**{mode}: works best at {level}.** With more load, waiting grows faster than throughput (knee).",
    "runs.knee_last": "**{mode}: works best at {level}**, the highest level without problems.",
    "runs.most": "**{mode}: {rate} {at}.**",
    "runs.other_load": "**{mode}: no level had the load that was asked for.** {at}, {load}.",
    "runs.quota": "**{mode}: within the quotas up to {level}.**",
    "runs.no_quota": "**{mode}: every level exceeds a quota.**",
    "runs.no_within": "**{mode}: no level within the quotas can be advised.**",
    "runs.out_late": "Client-limited: {levels}.",
    "runs.out_other": "Not the load that was asked for: {levels}.",
    "runs.out_failing": "Too many failures: {levels}.",
    "runs.out_slo": "Not within the SLO: {levels}.",
    "runs.used_up": "At the measured load, {quota} is used up at about {users}{beside}.",
    "runs.would_be_used_up": "Extrapolated from the measured load, {quota} is used up at about {users}{beside}.",
    "runs.with_others": ", counting the {others} % of it that others used before the load",
    "runs.met": "The SLO ({slo}) was met up to {level}.",
    "runs.best_over": "Highest throughput, but above the quota: {rate} {at}.",
    "runs.over": "{where}, the run exceeded {quota} (used {used}). It was not throttled because the window was short"
    " ({window} s): quotas count by the minute.",
    "runs.over_beside": "{where}, the run and others together exceeded {quota} (the run used {used}; others used {others} %"
    " of it before the load). It was not throttled because the window was short ({window} s), as quotas count by the minute,"
    " or because others used less during the load.",
    "runs.about": "{where}, the run was about at {quota} ({percent} % used, at least {low} %).",
    "runs.about_beside": "{where}, the run and others together were about at {quota} ({percent} % used, at least {low} %;"
    " {others} % of it by others before the load).",
    "runs.there": "At this level: {figures}.",
    "runs.best": "Highest throughput: {rate} {at}.",
    "figure.rate": "{rate}",
    "figure.cut": "the level ended early, after {window} s",
    "figure.speed": "each answer streams at {speed} tokens/s once it has begun",
    "figure.ttft": "first token after {p50} ms (P50) and {p95} ms (P95{mark})",
    "figure.latency": "complete answer after {p50} s (P50) and {p95} s (P95{mark})",
    "figure.cost": "{cost} per 1,000 calls",
    "limit.throttled": "Limit reached {at}: {share} % of calls were throttled ({failed} of {calls}){cause}.",
    "limit.failures": "Limit reached {at}: {share} % of calls failed ({failed} of {calls}), {failed:with|most with} {category}.",
    "limit.slo": "Limit reached {at}: {failing}.",
    "limit.flat": "Limit reached {at}: throughput grew by only {more} %, and calls took {slower} % longer.",
    "limit.fewer": "Limit reached {at}: throughput fell by {less} %, and calls took {slower} % longer.",
    "limit.rising.users": "Throughput still grew at the last level. Test with more users (`concurrency.end`) to find the"
    " limit.",
    "limit.rising.rate": "Throughput still grew at the last level. Test with higher rates (`arrivals.rates`) to find the"
    " limit.",
    "limit.main_throttled": "{where}, most failures were throttling: {failed} of {calls} ({share} %){cause}.",
    "limit.main_failures": "{where}, most failures were {category}: {failed} of {calls} ({share} %).",
    "limit.requests": ", most likely by the quota of {quota} {quota:request|requests}/min ({used})",
    "limit.used": "{percent} % used",
    "limit.used_by_run": "{percent} % used by this run",
    "limit.used_before": "{percent} % used in the minute before the first throttle",
    "limit.used_before_by_run": "{percent} % used by this run in the minute before the first throttle",
    "limit.used_beside": "{used}; others used {others} % of it before the load",
    "limit.others": "What others use counts against the same quota: run while they do not, or ask for a higher one.",
    "limit.tokens": ", most likely by the quota of {quota} {quota:token|tokens}/min ({used}{reserve})",
    "limit.input": ", most likely by the quota of {quota} input {quota:token|tokens}/min ({used}{reserve})",
    "limit.reserve": "; `max_tokens` of {max_tokens} reserves {ratio} times what the answers use",
    "limit.unexplained": "What the run used does not explain it: {shares}, the minute before the first throttle included."
    " Others may use the same quota, or the account may have a lower one.",
    "limit.excess": "The service accepted {accepted} requests/min and refused {refused}/min; how many it refuses depends on how"
    " fast users retry.",
    "limit.said": "The service said: {message}",
    "limit.no_quota": "Set `model.quota` and `model.tokens_per_minute` to see which quota it was.",
    "limit.no_input_quota": "Set `model.input_tokens_per_minute` to see whether it was that quota.",
    "remedy": "What to do about {category}: {remedy}",
    "gain": "**What streaming gains:** {at}, the first token arrives after {ttft} s (P50). The complete answer takes"
    " {streamed} s with streaming and {latency} s without: {change}.",
    "gain.longer": "{percent} % longer with streaming (95 % interval {ends} %)",
    "gain.shorter": "{percent} % shorter with streaming (95 % interval {ends} %)",
    "gain.none": "no difference shown ({ends} %)",
    "gain.few": "too few calls to tell a difference",
    "run.cost": "The run cost {cost}{but}.",
    "run.cost_simulated": "At these prices, the calls would have cost {cost}{but}; the simulator costs nothing.",
    "run.cost_without_counts": ", not counting {calls} without token counts",
    "run.cost_without_prices": ", not counting {calls} without token counts or prices",
    "gate.passed": "**SLO gate: passed** {scope}.",
    "gate.failed": "**SLO gate: failed** {scope}: {reasons}.",
    "gate.missed": "not met by {levels}",
    "gate.unmeasured": "nothing measured in {levels}",
    "gate.partly": "{unmeasured} in {levels}",
    "gate.unsure": "There are too few calls to be sure: see below.",
    "gate.every_level": "Levels above the limit count too: set `slo.users` to judge only levels of up to that many users.",
    "gate.empty": "**SLO gate: failed** {scope}: nothing was measured there.",
    "gate.all": "(every level)",
    "gate.names": "(every kind of call)",
    "gate.users": "(levels of up to {users})",
    "trust.question": "**Can these numbers be trusted?**",
    "trust.yes": "Yes: the run is complete, no call is missing, and the client kept up.",
    "trust.busiest": "The busiest worker used {percent} % of a core.",
    "trust.but": "With these reservations:",
    "trust.simulator": "Measured against the local simulator, not against AWS Bedrock: the numbers show how the tool works"
    " and say nothing about a model.",
    "trust.here": "Not AWS: the answers came from {host}, a program on the machine that made the calls, such as a"
    " simulator. The numbers say nothing about Bedrock.",
    "trust.elsewhere": "The calls went to {host}, which is not an AWS host. The numbers describe that host, and Bedrock"
    " only if it forwards the calls.",
    "trust.running": "This report was made before the run ended, or the run crashed: the last seconds are missing.",
    "trust.interrupted": "The run was interrupted{reason}: the rest was not measured. Let it run to its end.",
    "trust.limited": "A limit in the settings ended the run early{reason}: the rest was not measured. Raise the limit"
    " in `limits` to continue.",
    "trust.reason": " ({reason})",
    "trust.limit_total": ", {total} at the end",
    "trust.same_failures": "The run ended early because the same failure repeated: {category}{reason}. {remedy}",
    "trust.failed": "The run failed{reason}. Fix the cause and run it again.",
    "damage.cut": "The last line of `requests.csv` is incomplete and was left out: the run ended abruptly.",
    "damage.lost": "{lines} of `requests.csv` cannot be read and {lines:is|are} left out. Look at the file.",
    "damage.no_levels": "`levels.csv` is missing or broken: the missing windows are estimated from the calls. Latencies are"
    " reliable; rates per second are less so.",
    "damage.no_gaps": "`gaps.csv`, which is written at the end of a run, is missing or broken: only the longest gap between"
    " tokens of each call is known.",
    "damage.gaps": "{lines} of `gaps.csv` cannot be read and {lines:is|are} missing from the gaps between tokens. Look at the file.",
    "damage.no_info": "`run.json` is missing or broken: the settings, lost calls and the end of the run are not known. Run"
    " the test again if you need them.",
    "damage.other_format": "`run.json` is not in format 1, which this report reads. Make the report with the version of"
    " bedrock-locust that made the run.",
    "trust.missing": "{workers} did not report how many calls {workers:it|they} made: some may be missing. Check"
    " {workers:its log|their logs} and run the test again.",
    "trust.refused": "{worker} could not take part: {reason}. The other workers made the calls.",
    "trust.disturbed": "A worker was lost or left during the run: {levels}. For some seconds there were fewer or more users"
    " than asked for. Measure these levels again.",
    "trust.lost": "{lost} of {made} never reached the master and {lost:is|are} not in the numbers. Check the network to the workers"
    " and run the test again.",
    "trust.unwritten": "{lost} {lost:call is|calls are} lost: the run folder could not be written, and memory was full. Free space on the"
    " disk and run the test again.",
    "trust.fewer_rows": "`requests.csv` has {found} of the {written} {written:call that was|calls that were} recorded. Restore the file if you"
    " can.",
    "trust.busy": "The load generator was the limit: {workers} used up to {percent} % of a core, so times are too long and"
    " throughput is too low. Use more worker processes (`--processes`) or more machines.",
    "trust.late": "Client-limited: {levels}. The load generator delayed calls by up to {delay_ms} ms (P95), a tenth of"
    " the wait or more. Use more worker processes (`--processes`) or more machines.",
    "trust.late_said": "Client-limited, as noted during the run: {levels}. Use more worker processes (`--processes`) or more"
    " machines.",
    "cause.cpu_percent": "worker {worker} used {value} % of a core",
    "cause.loop_lag_p99_ms": "the event loop of worker {worker} ran {value} ms late at P99",
    "cause.read_lag_p99_ms": "first tokens were read {value} ms late at P99",
    "cause.arrivals_dropped": "{value} % of the arrivals were dropped, as max_in_flight calls were in flight",
    "cause.arrivals_missed": "{value} % of the arrivals were missed",
    "trust.tiers": "The service answered in different tiers: {tiers}. The figures mix them. Ask for one with"
    " `model.service_tier`; the default tier answers what reserved capacity cannot take.",
    "trust.apis": "Calls were made by different APIs: {apis}. The figures mix them.",
    "trust.models": "Calls went to different models: {models}. The figures mix them.",
    "trust.planned": "Only {started} of {planned} started. Run the test again to measure the rest.",
    "trust.arrivals_lost": "The load was less than asked for: {levels}. Up to {percent} % of the arrivals were dropped or missed.{remedies}",
    "trust.arrivals_dropped": " Raise `{section}.max_in_flight`.",
    "trust.arrivals_missed": " Use more workers.",
    "trust.arrivals_late_machine": "Calls started late although the CPU was free: {levels}, up to {delay_ms} ms (P99), more than"
    " 5 % of the usual wait. Something else used the machine. Stop it and run again.",
    "trust.disturbed_arrivals": "{workers} {workers:was|were} lost, stood still or left: {levels}. {workers:Its|Their} arrivals were"
    " missed until others took over, and calls that {workers:it|they} had begun may have taken as long as {workers:it|they} stood still. Measure these levels again.",
    "trust.stood_still": "{workers} stood still for up to {still_s} s: {levels}. Arrivals of that time were missed or late, and"
    " calls under way may have taken longer. Measure these levels again.",
    "trust.refused_all": "{worker} could not take part: {reason}.",
    "trust.arrivals_late": "Calls started late: {levels}, up to {delay_ms} ms (P99), more than 5 % of the usual wait. Use more"
    " workers.",
    "trust.queue": "Above capacity: {levels}. Latency grew by up to {change} % while the level lasted, so it depends on how long"
    " that is. Use a lower rate.",
    "trust.never": "Never measured: {levels}. Not all users ran, or the warm-up did not finish. {longer}",
    "trust.users": "Fewer users ran than asked for: {levels}. Raise the spawn rate or add workers.",
    "trust.few": "Fewer than {needed} successful {needed:call|calls}: {levels}. Read P95 and P99 there as hints. {longer}",
    "trust.cut_off": "The end cut off {count}: {levels}. TTFT and latency allow for {count:it|them} (Kaplan–Meier estimate), but a longer level"
    " would measure {count:it|them}. {longer}",
    "trust.tokens": "{missing} of {calls} had no token counts and {missing:adds|add} no tokens, so tokens/s are too low. Use an API that"
    " reports usage (`model.api`: `converse`).",
    "trust.bursts": "{calls} got all {calls:its|their} events at once: {levels}. Something on the way (a proxy, a gateway) held the"
    " answers back, so nothing is known of the time per token of {calls:this call|these calls}.",
    "trust.hidden_tokens": "{calls} counted more output tokens than {calls:its|their} streamed content can hold: {levels}. The model reasoned"
    " without streaming it, so the time per token of {calls:this call|these calls} is not known.",
    "trust.drift": "Latency was not steady: {levels} (it changed by up to {change} % within a level). The figures are means over the"
    " change. Measure longer, with a longer warm-up (`{section}.warmup_seconds`).",
    "trust.no_warmup": "The first seconds differ: {levels} (by up to {change} %). Set `{section}.warmup_seconds` to leave them out.",
    "trust.drift_of_parts": "Latency was not steady: {levels} (it changed by up to {change} % within a part). The figures are means over the"
    " change. Make these parts longer, with a part of the same rate before them (`arrivals.profile`).",
    "trust.short_levels": "More than a quarter of the calls ended after their level: {levels}. The levels are too short for such calls:"
    " {needed_s} would do (`{setting}`).",
    "trust.duplicates": "`requests.csv` has {rows} twice: counts and rates are too high. Look at how the file was made.",
    "trust.impossible": "{rows} of `requests.csv` cannot be right: a time is below zero, or first token, last token and end are out of"
    " order. Look at the file.",
    "trust.more_rows": "`requests.csv` has {found} {found:call|calls}, but the run recorded {written}: rows were added. Restore the file.",
    "trust.crowded": "More calls were in flight than there were users: {levels}. Tasks that make calls side by side, or rows of another"
    " run, would explain it.",
    "trust.cut_by_quota": "{answers} of the successes ended by length with less than 90 % of `max_tokens`: {levels}. bedrock-mantle cuts answers short where its quota of output tokens per minute is used up. Short answers are fast, and are not what a user would get. Use a lower load, or ask for a higher quota.",
    "trust.cut_answers": "{answers} of the successes ended by length with less than 90 % of `max_tokens`: {levels}. Something else than this limit cut them short: the model's own limit, its context window, or a gateway.",
    "trust.no_answers": "{answers} of the successes {answers:was|were} blocked, refused, changed by a guardrail or empty ({reasons}): {levels}. Blocked"
    " ones are fast and short, so the figures may say little about real answers. No level with more than 1 % of them is advised.",
    "trust.exceptions": "The tasks of the locustfile raised {exceptions}, most often: {raised}. Users whose tasks fail make less load. See"
    " `exceptions.csv`.",
    "trust.late_machine": "Client-limited although its CPU was free: {levels}. Something else used the machine. Stop it and run again.",
    "trust.longer.users": "Measure longer (`concurrency.duration_seconds`, or `--run-time` without levels).",
    "trust.longer.rate": "Measure longer (`{setting}`).",
    "trust.longer.trace_cut": "Let the trace come to its end.",
    "trust.longer.trace": "This was the whole trace: replay a longer one (`{setting}`).",
    "trust.workers": "{workers:worker|workers} {workers}",
    "slo": "Service level objective",
    "slo.asked": "Asked for: {slo}.",
    "slo.tolerable": "Without `slo.success_rate`, at most {share} % of the calls may fail; a single failure is always tolerated.",
    "slo.pass": "met",
    "slo.fail": "not met: {failing}",
    "slo.close": "(too few calls to be sure)",
    "slo.unsure": "With only {calls} {at}, this verdict is not certain.",
    "slo.close_note": "Too few calls to be sure: the limit is inside the 95 % interval of the figure, so more calls could change the verdict."
    " Measure longer.",
    "slo.unmeasured": "not measured",
    "slo.partly": "{what} not measured",
    "slo.other_load": "only {percent} % of the load was made",
    "slo.of_time": "{metric} P{percentile}",
    "slo.of_speed": "tokens/s for each user",
    "slo.not_asked": "no requirement",
    "slo.time": "{metric} P{percentile} ≤ {limit}",
    "slo.success": "success ≥ {limit} %",
    "slo.speed": "≥ {limit} tokens/s for {percentile} % of calls",
    "slo.failing_time": "{metric} P{percentile} was {value}, more than {limit}",
    "slo.failing_success": "success was {value} %, less than {limit} %",
    "slo.failing_speed": "{value} tokens/s for each user, less than {limit}",
    "quota": "Quotas",
    "quota.note": "AWS counts tokens like this: a call reserves input + cache + `max_tokens` at its start; when it ends, input"
    " + cache written + output × {burndown} remain. “Counted” is what stands against the quota in a minute.",
    "quota.note_mantle": "bedrock-mantle counts input like this: a call reserves input + cache written + `max_tokens` at its"
    " start; when it ends, input + cache written + output remain. Output counts as it is generated; an answer that meets that"
    " quota ends there, as by its length.",
    "quota.together": "All kinds of call together, in the same minutes: {shares}.",
    "quota.share": "{percent} % of {quota}",
    "quota.none": "Set `model.quota` and `model.tokens_per_minute` to see the shares.",
    "quota.none_mantle": "Set `model.input_tokens_per_minute` and `model.output_tokens_per_minute` to see the shares.",
    "quota.lenient": "The run used {percent} % of {quota} {at} for a minute or longer without being throttled, so the real"
    " quota must be higher. Compare the settings with Service Quotas. No level is judged by this quota.",
    "quota.mode": "**{mode}:** {forecasts}",
    "quota.between": "{quota} are used up at about {users}{beside} (measured: {levels}).",
    "quota.beyond": "{quota} are used up at about {users}{beside} (extrapolated from {levels}).",
    "quota.unsure": "{quota}: {levels}; too few calls to tell at which load this quota is used up.",
    "quota.measured": "{quota}: {levels}.",
    "quota.full": "{quota} are not used up: at most {levels}, and higher levels used no more.",
    "quota.at": "{percent} % {at}",
    "quota.of_requests": "the quota of {quota} {quota:request|requests}/min",
    "quota.of_tokens": "the quota of {quota} {quota:token|tokens}/min",
    "quota.of_input": "the quota of {quota} input {quota:token|tokens}/min",
    "quota.of_output": "the quota of {quota} output {quota:token|tokens}/min",
    "quota.of_day": "the quota of {quota} {quota:token|tokens}/day",
    "quota.input": "Input tokens per minute",
    "quota.output": "Output tokens per minute",
    "quota.requests": "Requests per minute",
    "quota.tokens": "Tokens per minute",
    "quota.reserve": "`max_tokens` of {max_tokens} reserves {ratio} times what the answers use. Lower it to fit more calls"
    " into the same quota.",
    "cost": "Cost",
    "cost.note": "At the prices in `pricing`, over every call with token counts, including warm-up and drain: {cost} for the"
    " run.",
    "cost.models": "These prices are taken for all models that were called.",
    "cost.elsewhere": "Not in it: {calls} to other models than {model}, whose prices the settings do not have.",
    "quota.elsewhere": "Quotas and use are those of {model}. Not in this table: {calls} to other models, which have quotas of"
    " their own.",
    "method": "Method",
    "method.always": """\
- All times start when a request is handed to an open connection.
- **Latency**: until the answer is complete. **TTFT**: until the first event with generated content (text,
  reasoning or tool input).
- **Per token** (TPOT): time from the first to the last token, divided by the output tokens after the first event
  that were streamed; tokens/s for each user are 1000 / its P50.
- **Percentiles** are exact, interpolated linearly, over the successful calls; of TTFT and latency also over those that
  failed because they were slow, or were cut off: each took longer than it lasted. Their intervals come from order
  statistics, those of shares from Wilson's formula. Both allow for calls that depend on each other.
- **Token counts** are the service's own. SDK retries are off: a throttled call counts as failed.""",
    "method.levels": """\
- **A call belongs to the level in which it started.** Success, latency and TTFT are of the calls that
  started while the level was measured: all its users ran and the warm-up had passed.
- **Per second**: what happened inside that window, whenever the call started. Output tokens are spread evenly
  from the first to the last (without streaming: over the call); input tokens count at the first token
  (without streaming: at the end); of a call the part of its time inside counts.
- **The knee** is the level with the most throughput for its mean latency.""",
    "method.names": """\
- **There are no levels**, so there is a row for each mode and name, over all its calls; per second is from
  the first start to the last end.""",
    "github.cut": "The other sections are left out: GitHub shows at most 1 MiB.",
    "junit.levels": "levels that count",
    "junit.no_level": "no level counts for the SLO: none is asked for anything, or all have more users than `slo.users`",
    "junit.load": "the load that was asked for",
    "junit.streams_only": "does not apply to non-streaming calls",
    "junit.above": "counts up to {users} only (`slo.users`)",
    "elsewhere": "More in {files}: {sections}.",
    "elsewhere.settings": "**Settings:** {settings}.",
    "title.simulator": "{models} (local simulator)",
    "simulated": "(Local simulator) ",
}
