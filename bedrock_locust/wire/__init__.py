"""Sends signed requests and reads responses, with arrival times: sockets, TLS, HTTP, event streams, stopwatch."""
