"""What AWS says of the account, in Chinese."""

TEXTS = {
    "quota.found": "从 Service Quotas 查到：{quotas}。",
    "quota.differs": "设置中为{quota}，而 Service Quotas 中是 {value}（{code}）。这里以设置为准。",
    "quota.others": "加压之前，其他调用方已用掉{shares}（CloudWatch，15 分钟平均）。",
}
