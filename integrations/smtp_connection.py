"""A connection to an SMTP server that ends in time, however slowly the server writes."""

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ssl import SSLContext
from threading import Timer


class SmtpConnection(smtplib.SMTP):
    """`smtplib` limits each read, so a server that sends a byte now and then would hold a thread for as long as it
    likes; `within` limits all of them together. `tls` is for servers that speak TLS from the first byte."""

    def __init__(self, seconds: float, local_hostname: str, tls: SSLContext | None) -> None:
        super().__init__(timeout=seconds, local_hostname=local_hostname)
        self._tls = tls
        self._leash: socket.socket | None = None
        self._is_over = False

    def open(self, host: str, port: int) -> None:
        # For the name in the certificate; `connect` alone does not keep it.
        self._host = host
        code, _ = self.connect(host, port)
        if code != 220:
            raise smtplib.SMTPConnectError(code, "")
        self.ehlo_or_helo_if_needed()

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut the connection if what is inside takes longer; it then fails as if the server had gone."""
        timer = Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        super().close()
        if self._leash:
            self._leash.close()

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((host, port), timeout)
        # TLS takes the socket over; a second handle to the same connection remains ours.
        self._leash = plain.dup()
        if self._is_over:
            self._cut()
        return self._tls.wrap_socket(plain, server_hostname=host) if self._tls else plain

    def _cut(self) -> None:
        self._is_over = True
        if self._leash:
            with suppress(OSError):
                self._leash.shutdown(socket.SHUT_RDWR)
