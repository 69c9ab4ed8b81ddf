"""TensorBoard: a folder of event files for each run, written without any training framework."""

import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FOLDER = "tensorboard"
VERSION = "brain.Event:2"


class TensorBoard:
    """Scalars of each epoch, the recipe as hyperparameters, the bundle as text."""

    def __init__(self, place: str, name: str) -> None:
        bundle = Path(name or "diptych")
        self._folder = Path(place) if place else bundle.parent / FOLDER
        self._stem = bundle.name

    def open(self, identity: str) -> str:
        folder = Path(identity or self._folder / f"{self._stem}-{time.strftime('%Y%m%d-%H%M%S')}")
        folder.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads those of one folder in the order of their names.
        name = f"events.out.tfevents.{time.time():.0f}.{socket.gethostname()}.{os.getpid()}"
        self._file = folder / name
        self._write(file_version=VERSION)
        return str(folder.absolute())

    def params(self, params: Mapping[str, Any]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.plugins.hparams import metadata, plugin_data_pb2

        start = plugin_data_pb2.SessionStartInfo(start_time_secs=time.time())
        for key, value in params.items():
            if isinstance(value, str):
                start.hparams[key].string_value = value
            else:
                start.hparams[key].number_value = float(value)
        data = plugin_data_pb2.HParamsPluginData(session_start_info=start)
        value = Summary.Value(
            tag=metadata.SESSION_START_INFO_TAG,
            metadata=metadata.create_summary_metadata(data),
            tensor=metadata.NULL_TENSOR,
        )
        self._write(summary=Summary(value=[value]))

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        named = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._write(step=step, summary=Summary(value=named))

    def end(self, scores: Mapping[str, float], bundle: Path, content: str) -> None:
        self.scalars(0, scores)
        self._text("bundle", f"{bundle.absolute()}, content {content}")

    def _text(self, tag: str, text: str) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
        from tensorboard.compat.proto.tensor_pb2 import TensorProto
        from tensorboard.compat.proto.types_pb2 import DT_STRING

        plugin = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
        tensor = TensorProto(dtype=DT_STRING, string_val=[text.encode()])
        value = Summary.Value(tag=tag, metadata=plugin, tensor=tensor)
        self._write(summary=Summary(value=[value]))

    def _write(self, **facts: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        with self._file.open("ab") as file:
            event = Event(wall_time=time.time(), **facts)
            RecordWriter(file).write(event.SerializeToString())
