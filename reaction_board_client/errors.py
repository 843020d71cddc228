"""The errors of the client. Their messages are written for people."""


class BoardError(Exception):
    """The board did not do what it was asked to do."""


class WrongAddress(BoardError):
    """The address of the board is not valid."""


class Refused(BoardError):
    """The board refused this request. It may accept others."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{detail} ({code})")
        self.code, self.detail = code, detail


class NoAnswer(BoardError):
    """No useful answer arrived, after retries.

    The cause may be this request alone, for example a body that a proxy does not accept.
    """


class NotABoard(NoAnswer):
    """The answer is not one that a board would give."""


class Unavailable(BoardError):
    """The board is not available to this client, so every other request would fail, too."""
