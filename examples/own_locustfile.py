"""A load test of your own with BedrockUser: what you call, and how often, is up to you."""

from locust import between, task

from bedrock_locust import BedrockUser, setup

setup(report="reports:write")


class Reader(BedrockUser):
    """Asks a short question now and then."""

    wait_time = between(0.1, 0.5)

    @task
    def ask(self) -> None:
        """One streaming call; a failure is in the Call that it returns."""
        self.client.converse_stream(
            modelId=self.settings.model.id,
            messages=[{"role": "user", "content": [{"text": "What is a token?"}]}],
            inferenceConfig={"maxTokens": 100},
            name="short question",
        )
