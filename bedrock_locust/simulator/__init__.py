"""A local endpoint, bedrock-runtime or bedrock-mantle, in its own process: `python -m bedrock_locust.simulator`.

It shares no code with the rest of `bedrock_locust`, so that a mistake in how the client reads the
service cannot hide in the thing it is tested against. See docs/simulator.md.
"""
