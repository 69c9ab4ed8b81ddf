"""Why no picture came of an address, as the manifest calls it."""


class Failure(Exception):
    """No picture comes of an address; to ask again would not change that.

    `in_vain`: its host said nothing that would tell it from one that is gone. `asked`: there was a
    request at all.
    """

    def __init__(
        self,
        reason: str,
        detail: str = "",
        status: int = 0,
        *,
        in_vain: bool = False,
        asked: bool = True,
    ) -> None:
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason, self.detail, self.status = reason, detail, status
        self.in_vain, self.asked = in_vain, asked


class Again(Failure):
    """No picture came, and one may come later; `wait` is how many seconds the server asks for."""

    def __init__(
        self, reason: str, detail: str = "", status: int = 0, wait: float | None = None
    ) -> None:
        super().__init__(reason, detail, status, in_vain=True)
        self.wait = wait
