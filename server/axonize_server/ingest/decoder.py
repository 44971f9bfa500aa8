"""Collects requests and turns them into rows: natively what can be, with Arrow all else."""

from __future__ import annotations

import pyarrow as pa

from axonize_server.ingest import native
from axonize_server.ingest.decode import Request, answer, decode, read_request
from axonize_server.ingest.rows import Decoder, Rows
from axonize_server.model import Accepted, NativeBlock


class ArrowDecoder:
    """Reads every request, in Python and Arrow."""

    def __init__(self) -> None:
        self._requests: list[Request] = []

    def add(self, tenant: str, body: bytes) -> int:
        """See Decoder."""
        request = read_request(tenant, body)
        self._requests.append(request)
        return request.stored_bytes

    def finish(self) -> list[Rows]:
        """See Decoder."""
        if not self._requests:
            return []
        decoded = decode(self._requests)
        places = list(range(len(self._requests)))
        return [Rows(places, (decoded.spans, decoded.steps), decoded.answers)]


class NativeDecoder:
    """Reads requests in C, and leaves to Arrow those that are unusual: see `native/*.h`."""

    def __init__(self) -> None:
        self._block = native.new_block()
        self._answers: list[Accepted] = []
        self._places: list[int] = []
        self._others = ArrowDecoder()
        self._other_places: list[int] = []

    def add(self, tenant: str, body: bytes) -> int:
        """See Decoder."""
        place = len(self._places) + len(self._other_places)
        counts: tuple[int, int, int, int] | None = self._block.add(tenant, body)
        if counts is None:
            size = self._others.add(tenant, body)
            self._other_places.append(place)
            return size
        accepted, rejected, size, text_replaced = counts
        self._places.append(place)
        self._answers.append(answer(accepted, [rejected], bool(text_replaced)))
        return size

    def finish(self) -> list[Rows]:
        """See Decoder."""
        others = [
            rows._replace(places=[self._other_places[place] for place in rows.places])
            for rows in self._others.finish()
        ]
        if not self._places:
            return others
        count = sum(one.spans for one in self._answers)
        block = NativeBlock(self._block.data() if count else b"", count)
        native.give_back(self._block)
        self._block = None
        return [Rows(self._places, (block, pa.table({})), self._answers), *others]


def new_decoder() -> Decoder:
    """Return the fastest decoder that there is; AXONIZE_PURE=1 asks for the one without C."""
    return NativeDecoder() if native.USING_C else ArrowDecoder()
