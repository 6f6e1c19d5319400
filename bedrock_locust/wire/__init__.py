"""From a signed request to stamped events: sockets, TLS, HTTP, event streams, times."""
