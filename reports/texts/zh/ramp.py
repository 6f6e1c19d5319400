"""How a ramp went, in Chinese."""

from __future__ import annotations

TEXTS = {
    "level.step": "第 {part} 步（{rates}）",
    "col.step": "步",
    "axis.step": "爬坡的第几步",
    "ramp.at_once": "**{mode}：爬坡第一步即达到 {target}**，没有调用因容量不足（503）而失败。",
    "ramp.reached": "**{mode}：爬坡达到 {target}**：在{at}达到，其间{halvings}。",
    "ramp.cut": "**{mode}：爬坡未达到 {target}**：运行在{at}结束，其间{halvings}。",
    "ramp.last": "**{mode}：爬坡未达到 {target}**：到最后一步（{at}）仍未达到，其间{halvings}。",
    "ramp.lacking": "因容量不足（503）而失败的调用：{steps}。",
    "ramp.part": "{at} {calls}中的 {failed} 次",
    "ramp.highest": "没有此类失败的最高到达率出现在{at}。",
    "ramp.none": "每一步都有此类失败。",
    "ramp.most": "最高吞吐量：{at} {rate}。",
}
