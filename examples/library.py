"""A run from a program of your own, with Locust as a library: python examples/library.py --bedrock-simulator."""

import sys

from locust import constant, events, task
from locust.argument_parser import get_parser
from locust.env import Environment

import gevent

from bedrock_locust import BedrockUser, setup

SECONDS = 5

setup(report="reports:write")  # before get_parser, so that the options are known


class Reader(BedrockUser):
    """Asks the same question again and again."""

    wait_time = constant(0.1)

    @task
    def ask(self) -> None:
        """One streaming call."""
        self.client.converse_stream(
            modelId=self.settings.model.id,
            messages=[{"role": "user", "content": [{"text": "What is a token?"}]}],
            inferenceConfig={"maxTokens": 100},
        )


def main() -> int:
    """Run two users for a few seconds. The settings are those of config.json, the environment and the arguments."""
    environment = Environment(
        user_classes=[Reader],
        events=events,  # those that setup() listens to
        parsed_options=get_parser().parse_args(["--headless", *sys.argv[1:]]),
    )
    runner = environment.create_local_runner()
    events.init.fire(environment=environment, runner=runner, web_ui=None)
    runner.start(2, spawn_rate=2)
    gevent.sleep(SECONDS)
    events.quitting.fire(environment=environment, reverse=True)  # ends the run and makes its report
    runner.quit()
    events.quit.fire(exit_code=environment.process_exit_code or 0)
    return environment.process_exit_code or 0


if __name__ == "__main__":
    sys.exit(main())
