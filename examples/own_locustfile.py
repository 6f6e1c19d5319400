"""A load test of your own with BedrockUser: what you call, and how often, is up to you."""

from locust import between, task

from bedrock_locust import BedrockUser, setup

setup(report="reports:write")


class Reader(BedrockUser):
    """Asks a short question now and then, and sometimes asks back."""

    wait_time = between(0.1, 0.5)

    @task(3)
    def ask(self) -> None:
        """One streaming call; a failure is in the Call that it returns."""
        self.client.converse_stream(
            modelId=self.settings.model.id,
            messages=[{"role": "user", "content": [{"text": "What is a token?"}]}],
            inferenceConfig={"maxTokens": 100},
            name="short question",
        )

    @task
    def converse(self) -> None:
        """A conversation of two turns. An answer without text counts as failed: the task says so."""
        messages = [{"role": "user", "content": [{"text": "Name a colour."}]}]
        for name in ("first turn", "second turn"):
            with self.client.converse(
                modelId=self.settings.model.id,
                messages=messages,
                inferenceConfig={"maxTokens": 100},
                name=name,
                catch_response=True,
            ) as answer:
                if answer.ok and not answer.text:
                    answer.failure("an answer without text")
            if not answer.ok:
                return
            messages += [
                {"role": "assistant", "content": [{"text": answer.text}]},
                {"role": "user", "content": [{"text": "Another one."}]},
            ]
