"""Where the calls of a run go besides the run folder.

`registered.py` lists the outputs; `progress.py` is shared by console and page; the limits are in `live/limits.py`.
"""
