"""The account: the read-only control plane at the same address, with which a client learns what the service knows.

Service Quotas, GetFoundationModel and GetInferenceProfile, CloudWatch's metrics of the calls that were served, and who
the caller is.
"""
