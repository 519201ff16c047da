"""Arrays of numpy as payloads."""

from __future__ import annotations

from typing import Any

import numpy
import pytest

import m531x

ARRAYS = {
    "bytes": numpy.array([0, 13, 10, 255], dtype=numpy.uint8),
    "readings": numpy.array([21.5, -3.25], dtype="<f4"),
    "rows": numpy.arange(6, dtype="<i2").reshape(2, 3),
    "every second": numpy.arange(6, dtype=numpy.uint8)[::2],
    "backwards": numpy.arange(6, dtype=numpy.uint8)[::-1],
    "columns": numpy.asfortranarray(numpy.arange(6, dtype=numpy.uint8).reshape(2, 3)),
    "empty": numpy.array([], dtype=numpy.uint8),
    "read-only": numpy.frombuffer(b"m5310", dtype=numpy.uint8),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_arrives_as_its_bytes_in_the_order_of_its_rows(name: str) -> None:
    array: Any = ARRAYS[name]
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        readings = modem.subscribe("t")
        modem.publish("t", array, qos=1)
        assert readings.receive(timeout=10).payload == array.tobytes()


def test_what_has_no_bytes_of_its_own_is_refused_with_what_to_write() -> None:
    objects: Any = numpy.array(["a", 1], dtype=object)
    number: Any = numpy.float32(21.5)
    with m531x.Modem("virtual://") as modem:
        modem.connect("broker.example", client_id="test")
        with pytest.raises(m531x.ArgumentTypeError, match="tolist"):
            modem.publish("t", objects)
        with pytest.raises(m531x.ArgumentTypeError, match=r"float32: give str\(x\)"):
            modem.publish("t", number)
