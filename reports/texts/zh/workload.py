"""What was sent, in Chinese."""

TEXTS = {
    "sent": "发送的请求",
    "sent.lengths": "计入测量的成功调用的长度，单位为 token。对于回答，要求值为 `max_tokens`。",
    "sent.cut": "因达到 `max_tokens` 而结束的回答：{share} %。",
    "col.length": "长度",
    "col.asked_p50": "要求值 P50",
    "col.actual_p50": "实际值 P50",
    "col.asked_p95": "要求值 P95",
    "col.actual_p95": "实际值 P95",
    "caching": "提示词缓存",
    "caching.tokens": "在计入测量的成功调用中，从缓存读取 {read} 个 token，写入缓存 {written} 个 token。",
    "caching.quota": "从缓存读取的 {read} 个 token 不计入 token 配额。",
    "caching.saved": "缓存节省了 {cost}：读取少付的费用减去写入多付的费用。",
    "caching.lost": "缓存多花了 {cost}：写入的内容被读取得太少。",
    "caching.pays": "按此价格，一个前缀被读取 {reads}后，写入即可回本。",
    "col.hit_calls": "命中缓存的调用（%）",
    "col.hit_tokens": "从缓存读取的 token（%）",
    "col.hit_ttft_ms": "命中时 TTFT P50（ms）",
    "col.miss_ttft_ms": "未命中时 TTFT P50（ms）",
    "col.hit_latency_ms": "命中时延迟 P50（ms）",
    "col.miss_latency_ms": "未命中时延迟 P50（ms）",
}
