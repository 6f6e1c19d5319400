"""The comparison of runs in Chinese."""

from __future__ import annotations

TEXTS = {
    "compare.title": "Bedrock 负载测试比较",
    "compare.run": "运行",
    "compare.folder": "文件夹",
    "compare.model": "模型",
    "compare.region": "区域",
    "compare.tier": "服务层级",
    "compare.date": "开始",
    "compare.faster": "**{run} 比 {base} 快。**",
    "compare.slower": "**{run} 比 {base} 慢。**",
    "compare.mixed": "**{run} 与 {base} 相比有快有慢。**",
    "compare.none": "**看不出 {run} 与 {base} 有差别。**",
    "compare.nothing": "**无法比较：{run} 与 {base} 没有共同的级别**。请比较模式和用户数相同的运行。",
    "compare.none_untested": "**在可检验的范围内看不出 {run} 与 {base} 有差别；因调用太少而未检验：{untested}。**",
    "compare.nothing_untested": "**{run} 与 {base} 无法比较**，调用太少：{untested}。",
    "compare.untested": "因调用太少而未检验：{untested}。",
    "compare.untested_one": "{levels}，{metrics}的 {percentile}(每次运行约需 {calls} 次成功调用)",
    "compare.most": "最大的明确变化：{level}，{metric} {percentile} {change} %({interval} %)。",
    "compare.tests": "{tests} 项比较中 {clear} 项明确。",
    "compare.throughput_most": "最高输出 token/s({mode})：{base} 为 {before}，{run} 为 {after}({change} %)。",
    "compare.ttft_ms": "首 token 时间 (ms)",
    "compare.tpot_ms": "每 token 时间 (ms)",
    "compare.latency_ms": "延迟 (s)",
    "compare.change": "{percentile}：{run} 对 {base} (%)",
    "compare.value": "{percentile} {run}",
    "compare.is_faster": "更快",
    "compare.is_slower": "更慢",
    "compare.throughput": "吞吐量和成功率",
    "compare.rate": "输出 token/s {run}",
    "compare.rate_change": "{run} 对 {base} (%)",
    "compare.success": "成功率 {run} (%)",
    "compare.success_change": "成功率，{run} 对 {base} (百分点)",
    "compare.settings": "不同的设置",
    "compare.untrusted": "{run}：其数字有疑点，见其自己的报告。首要一条：{doubt}",
    "compare.gate_passed": "**回归门禁：通过**。没有任何一项既明确比 {base} 差、测得的差距又超过 {limit} %。",
    "compare.gate_failed": "**回归门禁：未通过**。明确比 {base} 差，且测得的差距超过 {limit} %：{worse}。",
    "compare.gate_untested": "**回归门禁：通过**。可检验的内容没有任何一项既明确比 {base} 差、测得的差距又超过 {limit} %，其余也未超过。",
    "compare.gate_unshown": "**回归门禁：未通过**。因调用太少，未能表明与 {base} 相差在 {limit} % 以内：{unshown}。",
    "compare.gate_also": "因调用太少，未能表明在此界限以内：{unshown}。",
    "compare.gate_empty": "**回归门禁：未通过**。没有可与 {base} 比较的内容。",
    "compare.gate_time": "{run} {level}，{metric} {percentile}({change} %{interval})",
    "compare.gate_success": "{run} {level}，成功率({change} 个百分点)",
    "compare.method": """\
- 比较模式和用户数相同的级别，取其窗口内成功的调用。
- **括号内**：百分位变化的 95 % 区间，对两个样本做 bootstrap(20,000 次，固定种子)。它不要求分布的形状：延迟有长尾。调用太少而不足以得出百分位时不给出。
- **更快、更慢**：两次相同的运行之间，全部比较合起来(Holm)，偶然出现这么大差别的可能不到 5 %。没有标注不等于证明没有差别。
- **成功率**：两个比率之差的 Newcombe 区间。吞吐量没有区间：每个级别只有一个数。
- 同一次运行的调用并不相互独立，服务也有好坏时段：所示的是这几次运行之间的差别。决定之前请交替重复。""",
}
