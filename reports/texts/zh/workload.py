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
}
