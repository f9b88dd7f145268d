"""Requests from a view's JavaScript and the answers to them; `js/src/transport.ts` is the other half.

They come as custom messages where the host has those, else over the synced traits `_request` and
`_response`. Hosts call us on threads of their own, so requests are answered one after the other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

import anywidget
import traitlets

logger = logging.getLogger("datajoint_lab_widgets")


class RequestWidget(anywidget.AnyWidget):
    """A widget whose JavaScript asks for things by name: subclasses implement `answer`.

    An error of `answer` goes to the reader, under the view, and with its traceback to the log
    `datajoint_lab_widgets`.
    """

    _request = traitlets.Dict().tag(sync=True)
    _response = traitlets.Dict().tag(sync=True)

    def __init__(self, **traits: Any) -> None:
        super().__init__(**traits)
        # Reentrant: an answer changes traits, and somebody may watch those and ask again.
        self.lock = threading.RLock()
        self.on_msg(self._on_message)
        self.observe(self._on_request, "_request")

    def answer(self, op: str, args: Mapping[str, Any]) -> object:
        """Return what `op` asks for, as JSON knows it. Raises whatever went wrong."""
        raise TypeError(f"{type(self).__name__} answers no requests such as {op!r} with {args!r}")

    def _on_message(self, _widget: object, content: Any, _buffers: object) -> None:
        if isinstance(content, Mapping) and "op" in content:
            self.send(self._respond(content))

    def _on_request(self, change: Mapping[str, Any]) -> None:
        if change["new"]:
            self._response = self._respond(change["new"])

    def _respond(self, request: Mapping[str, Any]) -> dict[str, object]:
        try:
            with self.lock:
                return {"id": request.get("id"), "result": self.answer(str(request["op"]), request.get("args") or {})}
        except Exception as error:
            logger.exception("the view's request %r failed", request.get("op"))
            return {"id": request.get("id"), "error": str(error) or type(error).__name__}
