"""Python imports this first, in each process whose path has this folder."""

from lines import install

install()
