"""The parts of the report. Each is one function: analysis -> Markdown, empty if it has nothing to say."""
