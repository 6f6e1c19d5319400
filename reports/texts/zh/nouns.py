"""Nouns with their counts, and remedies, in Chinese."""

from __future__ import annotations

NOUNS = {
    "call": ("{} 次调用", "{} 次调用"),
    "successful": ("{} 次成功调用", "{} 次成功调用"),
    "user": ("{} 个用户", "{} 个用户"),
    "level": ("{} 个级别", "{} 个级别"),
    "worker": ("{} 个 worker", "{} 个 worker"),
    "row": ("{} 行", "{} 行"),
    "answer": ("{} 个回答", "{} 个回答"),
    "exception": ("{} 次异常", "{} 次异常"),
    "line": ("{} 行", "{} 行"),
    "kind": ("{} 种较少见的失败", "{} 种较少见的失败"),
    "planned": ("{} 个计划级别", "{} 个计划级别"),
}
REMEDIES = {
    "ThrottlingError": "每分钟请求数或 token 数超出配额。减少用户数，降低 max_tokens（调用开始时即预留），或在 Service Quotas 申请提高配额。",
    "ValidationError": "服务拒绝了请求。检查模型 id，以及该模型是否接受这些参数（有些模型不接受 temperature：设为 null）。",
    "AccessDeniedError": "在 IAM 策略中允许 bedrock:InvokeModel 和 bedrock:InvokeModelWithResponseStream，并确认账户可访问该模型。",
    "ModelNotFoundError": "检查模型 id 以及该区域是否有此模型；较新的模型需要推理配置文件 id（us.、eu.、apac.、global.）。",
    "QuotaExceededError": "账户配额已用完。在 Service Quotas 查看并申请提高。",
    "ModelNotReadyError": "模型仍在加载。等几分钟再运行。",
    "ModelTimeoutError": "模型耗时过长。降低 max_tokens 或提示长度。",
    "ModelError": "模型处理该请求失败。重新运行；若持续出现，请带请求 id 联系 AWS。",
    "ServiceUnavailableError": "服务目前容量不足，与您的配额无关。换个时间、区域或使用跨区域推理配置文件。",
    "InternalServerError": "服务内部错误。重新运行；若持续出现，请带请求 id 联系 AWS。",
    "StreamInterruptedError": "流在模型说完之前中断。检查途中截断长响应的代理或网关。",
    "NotAnAnswerError": "终端节点返回状态 200，但内容不是 Bedrock 的回答。检查终端节点（--host、aws.endpoint_url）以及途中的代理或网关。",
    "MalformedEventError": "无法读取流中的某个事件。检查途中会改动响应的代理或网关；如果没有，请带请求 id 联系 AWS。",
    "TaskFailure": "locustfile 中的任务判定这些回答有误：请看其消息。",
    "TimeoutError": "服务静默的时间超过 test.timeout_seconds。回答慢或长时请调大。",
    "ConnectionError": "连接失败。检查终端节点（--host）、DNS、代理、防火墙和 TLS 证书。",
    "ClientResourceError": "本机的打开文件数、端口或内存已用尽，与服务无关。启动前调高上限（ulimit -n 10000），或把用户分到更多 worker。",
    "CredentialsError": "AWS 凭证缺失、错误或过期。试试：aws sts get-caller-identity",
    "UnknownError": "查看示例消息；如果终端节点不是 Bedrock（--host），原因即在此。",
}
