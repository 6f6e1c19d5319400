"""The boto3 client, its credentials and endpoint, and the call before the load."""
