"""The report for programs: figures as JSON, the SLO gate as JUnit XML, and the summary of a job on GitHub."""
