"""One modem, used from many threads at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import m531x

THREADS = 8


def test_every_thread_gets_its_own_answer(memory_modem: m531x.Modem) -> None:
    commands = ["AT+CGMM", "AT+CSQ", "AT+CEREG?", "AT+CGSN=1"]

    def ask(number: int) -> None:
        for turn in range(25):
            line = commands[(number + turn) % len(commands)]
            name = line.removeprefix("AT").rstrip("?").split("=")[0]
            expected = "M5310-A" if name == "+CGMM" else name
            assert memory_modem.command(line)[0].startswith(expected), line

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(ask, range(THREADS)))


def test_publishes_of_many_threads_all_arrive(memory_modem: m531x.Modem) -> None:
    arrived: queue.Queue[str] = queue.Queue()
    memory_modem.subscribe("t", 1, lambda message: arrived.put(message.text))

    def publish(number: int) -> list[str]:
        texts = [f"{number} {n}" for n in range(20)]
        for text in texts:
            assert memory_modem.publish("t", text, qos=1).qos == 1
        return texts

    with ThreadPoolExecutor(THREADS) as pool:
        sent = [text for texts in pool.map(publish, range(THREADS)) for text in texts]
    assert sorted(arrived.get(timeout=10) for _ in sent) == sorted(sent)


def test_readers_of_many_threads_share_the_messages_and_none_gets_one_twice(
    memory_modem: m531x.Modem,
) -> None:
    memory_modem.subscribe("t")
    read: queue.Queue[str] = queue.Queue()

    def reader() -> None:
        for message in memory_modem.messages():
            read.put(message.text)

    readers = [threading.Thread(target=reader) for _ in range(THREADS)]
    for thread in readers:
        thread.start()
    for n in range(100):
        memory_modem.publish("t", str(n))
    texts = [read.get(timeout=10) for _ in range(100)]
    memory_modem.close()
    for thread in readers:
        thread.join(10)
        assert not thread.is_alive()
    assert sorted(texts, key=int) == [str(n) for n in range(100)]
    assert read.empty()


def test_callbacks_may_be_set_while_messages_pour_in(memory_modem: m531x.Modem) -> None:
    counts = [0, 0]
    assert memory_modem.virtual_modem is not None
    memory_modem.subscribe("t")
    stop = threading.Event()

    def count(which: int) -> Callable[[m531x.Message], None]:
        def add(_: m531x.Message) -> None:
            counts[which] += 1

        return add

    def change() -> None:
        while not stop.is_set():
            memory_modem.on_message = count(0)
            memory_modem.on_message = count(1)

    changing = threading.Thread(target=change)
    changing.start()
    for n in range(500):
        memory_modem.publish("t", str(n))
    memory_modem.command("AT")
    stop.set()
    changing.join(10)
    memory_modem.on_message = None
    left = sum(1 for _ in memory_modem.messages(timeout=0.5))
    assert sum(counts) + left == 500
    assert memory_modem.stats().callback_errors == 0


def test_closing_from_any_thread_ends_the_calls_of_all() -> None:
    with m531x.VirtualModem(faults=["lost-ack=any"]) as virtual:
        modem = m531x.Modem(virtual.port, recovery=None)
        modem.connect("broker.example", client_id="c")
        begun = threading.Barrier(THREADS + 1)
        ends: queue.Queue[str] = queue.Queue()

        def wait_for_ever() -> None:
            begun.wait(10)
            try:
                modem.publish("t", "x", qos=1, timeout=60)
            except m531x.M531xError as error:
                ends.put(type(error).__name__)

        threads = [threading.Thread(target=wait_for_ever) for _ in range(THREADS)]
        closers = [threading.Thread(target=modem.close) for _ in range(3)]
        for thread in threads:
            thread.start()
        begun.wait(10)
        for thread in closers:
            thread.start()
        for thread in threads + closers:
            thread.join(10)
            assert not thread.is_alive()
        assert {ends.get_nowait() for _ in threads} == {"ClosedError"}


def test_opening_one_port_from_many_threads_succeeds_once(virtual: m531x.VirtualModem) -> None:
    opened: queue.Queue[m531x.Modem] = queue.Queue()
    refused: queue.Queue[m531x.ErrorCode] = queue.Queue()
    begun = threading.Barrier(THREADS)

    def open_it() -> None:
        begun.wait(10)
        try:
            opened.put(m531x.Modem(virtual.port))
        except m531x.PortError as error:
            refused.put(error.code)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(open_it) for _ in range(THREADS)]:
            future.result(30)
    assert opened.qsize() == 1
    assert {refused.get_nowait() for _ in range(THREADS - 1)} == {m531x.ErrorCode.PORT_IN_USE}
    opened.get_nowait().close()
