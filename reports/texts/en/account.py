"""What AWS says of the account, in English."""

TEXTS = {
    "quota.found": "Found in Service Quotas: {quotas}.",
    "quota.differs": "The settings say {quota}, and Service Quotas has {value} ({code}). The settings count here.",
    "quota.others": "Before the load, others used {shares} (CloudWatch, average of 15 minutes).",
}
