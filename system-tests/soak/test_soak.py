"""The soak notices what it is there to notice."""

from __future__ import annotations

from ledger import Direction, Numbers, read, write


def sent(count: int) -> tuple[Direction, list[bytes]]:
    direction = Direction()
    return direction, [write(direction.next_number(), b"\r\nOK\r\n;") for _ in range(count)]


def test_a_message_that_does_not_arrive_is_missing() -> None:
    direction, payloads = sent(5)
    for payload in (payloads[0], payloads[3], payloads[4], payloads[1]):
        direction.arrive(payload)
    assert direction.missing() == [2]
    assert direction.arrived == 4


def test_a_message_whose_sender_was_told_of_its_failure_is_not_missing() -> None:
    direction, payloads = sent(3)
    direction.fail(0, "NOT_CONNECTED")
    direction.arrive(payloads[2])
    assert direction.missing() == [1]


def test_a_second_copy_is_a_duplicate() -> None:
    direction, payloads = sent(2)
    for payload in (payloads[1], payloads[0], payloads[1], payloads[0]):
        direction.arrive(payload)
    assert (direction.arrived, direction.duplicates, direction.missing()) == (2, 2, [])


def test_a_damaged_message_is_forged_unless_it_was_flagged() -> None:
    direction, payloads = sent(2)
    direction.arrive(payloads[0][:-1])
    direction.arrive(payloads[1] + b"x", flagged=True)
    assert (direction.forged, direction.damaged, direction.missing()) == (1, 1, [0, 1])


def test_a_number_that_was_never_sent_is_forged() -> None:
    direction, _ = sent(1)
    direction.arrive(write(1, b""))
    assert direction.forged == 1


def test_payloads_are_read_as_they_were_written() -> None:
    assert read(write(17, b";\x00\xff;")) == 17
    for foreign in (b"", b";", b"00000000;1;", b"x" * 40, write(17, b"a")[:-1] + b"b"):
        assert read(foreign) is None


def test_what_is_not_seen_is_missing() -> None:
    numbers = Numbers()
    for number in (2, 0, 1, 4):
        assert numbers.add(number)
    assert not numbers.add(1)
    assert numbers.missing(6) == [3, 5]
