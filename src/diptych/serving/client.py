"""The answers of a server, as the bundle that it serves would give them here.

Pictures go one a request, as they are and without their names.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path

from diptych.bundles.prediction import Prediction
from diptych.bundles.predictor import about
from diptych.data.pixel_format import PixelFormat, values_from_json
from diptych.errors import InputError
from diptych.images.encoding import as_png
from diptych.serving.remote import GoneError, RemoteServer
from diptych.sources import may_hold_pixels
from diptych.sources.inputs import InputPicture, Inputs, input_pictures
from diptych.sources.pixels.pixel_csv import read_pixels

IN_FLIGHT = 8  # requests at a time
# What concerns the one picture, and will not get better; with 500 it was too much for the server.
THE_PICTURE = (400, 408, 413, 415, 422, 500)

Read = Callable[[], bytes]


class Client:
    """A server at `http://host:port`; `?model=NAME` after it picks one of its models.

    Raises InputError where nothing answers there, or something else than `diptych serve`.
    """

    def __init__(self, address: str, key: str | None = None) -> None:
        self._server = RemoteServer(address, key)
        try:
            facts = self._server.accepted(self._server.request("GET", "model"))
            height, width, channels = facts["input"]
            self._shape = (height, width, channels)
            self._format = PixelFormat(self._shape, values_from_json(facts.get("values")))
            self._largest = int(facts["limits"]["bytes"])
        except GoneError as error:
            raise self._server.unreachable(error) from error
        except (KeyError, TypeError, ValueError) as error:
            raise self._server.foreign() from error

    def stream(self, pictures: Inputs) -> Iterator[Prediction]:
        """Answer for pictures as they are ready, in their order; never fails because of one.

        They are what `Predictor.predict` takes, tables of pixels and of names too. Raises
        InputError where the server is gone, or refuses whoever asks.
        """
        running = deque[Future[Prediction]]()
        with ThreadPoolExecutor(IN_FLIGHT) as pool:
            try:
                for name, read in self._readers(input_pictures(pictures, self._shape)):
                    running.append(pool.submit(self._predict, name, read))
                    if len(running) == 2 * IN_FLIGHT:
                        yield running.popleft().result()
                while running:
                    yield running.popleft().result()
            finally:
                with self._server.impatient():
                    pool.shutdown(cancel_futures=True)
                self._server.close()

    def _readers(self, pictures: Iterable[InputPicture]) -> Iterator[tuple[str, Read]]:
        """What each picture is called, and how to get the bytes of its file."""
        for picture in pictures:
            if isinstance(picture.content, Path) and may_hold_pixels(picture.content):
                yield from self._rows(picture.content)
            else:
                yield picture.name, partial(self._read, picture)

    def _rows(self, table: Path) -> Iterator[tuple[str, Read]]:
        """Every row of a CSV of pixels, as a file that decodes to them."""
        try:
            for names, pixels_NHWC in read_pixels(table, self._format):
                for name, pixels in zip(names, pixels_NHWC, strict=True):
                    yield name, partial(as_png, pixels)
        except InputError as error:
            yield str(table), _raising(InputError(about(table, error)))

    def _read(self, picture: InputPicture) -> bytes:
        data = picture.encoded()
        if len(data) > self._largest:
            raise InputError(
                f"too large: {len(data):,} bytes; the server takes at most {self._largest:,}"
            )
        return data

    def _predict(self, name: str, read: Read) -> Prediction:
        try:
            data = read()
        except InputError as error:
            return Prediction(name, error=str(error))
        response = self._server.request_patiently("POST", "predict", data)
        if response.status in THE_PICTURE:
            return Prediction(name, error=response.complaint)
        try:
            (one,) = self._server.accepted(response)["predictions"]
            return Prediction(name, **{field: one[field] for field in Prediction._fields[1:]})
        except (KeyError, TypeError, ValueError) as error:
            raise self._server.foreign() from error


def _raising(error: InputError) -> Read:
    def read() -> bytes:
        raise error

    return read
