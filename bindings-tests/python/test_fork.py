"""A forked child is told that the modem is the parent's, and the parent goes on."""

from __future__ import annotations

import pytest

from pythons import PYTHONS, run

PARENTS = (
    "the modem was opened before a fork and belongs to the parent process: "
    "open it in the process that uses it"
)
PROLOGUE = """
import asyncio, os, sys, threading, time, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of fork beside threads, from 3.12
import m531x
from m531x import aio

def in_child(use):
    "Runs it in a forked child, which has ten seconds."
    sys.stdout.flush()
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            use()
            code = 0
        except BaseException as error:
            print(type(error).__name__, error)
        finally:
            sys.stdout.flush()
            os._exit(code)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return status
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    print("the child hangs")

def refused(name, use):
    try:
        use()
    except m531x.ClosedError as error:
        if str(error) == PARENTS:
            return
        print(name, "says", error)
    except BaseException as error:
        print(name, "raises", type(error).__name__, error)
    else:
        print(name, "is not refused")

"""


def prologue() -> str:
    return f"PARENTS = {PARENTS!r}\n" + PROLOGUE


@pytest.mark.parametrize("version", PYTHONS)
def test_every_use_in_the_child_is_refused_and_the_parent_goes_on(version: str) -> None:
    script = run(
        version,
        prologue()
        + """
virtual = m531x.VirtualModem(faults=["lost-ack=puback"])
modem = m531x.Modem(virtual.port, trace=10)
modem.connect("b", client_id="c")
subscription = modem.subscribe("s")
modem.subscribe("called", callback=lambda message: None)
messages = modem.messages()
delivery = modem.publish_nowait("t", "x", qos=1)
done = modem.publish_nowait("t", "x", qos=0)
done.wait(10)

def child():
    refused("command", lambda: modem.command("AT"))
    refused("publish", lambda: modem.publish("t", "x"))
    refused("publish_nowait", lambda: modem.publish_nowait("t", "x"))
    refused("subscribe", lambda: modem.subscribe("t"))
    refused("unsubscribe", lambda: subscription.unsubscribe())
    refused("subscriptions", lambda: modem.subscriptions())
    refused("connect", lambda: modem.connect("b", client_id="c"))
    refused("messages", lambda: modem.messages(timeout=1))
    refused("messages begun before", lambda: next(messages))
    refused("subscription.messages", lambda: subscription.messages(timeout=1))
    refused("mqtt_state", lambda: modem.state)
    refused("stats", lambda: modem.stats())
    refused("trace", lambda: modem.trace())
    refused("delivery.wait", lambda: delivery.wait(5))
    refused("delivery.wait for ever", lambda: delivery.wait())
    refused("delivery.done", lambda: delivery.done())
    refused("delivery.add_done_callback", lambda: delivery.add_done_callback(print))
    refused("done delivery", lambda: done.wait())
    refused("virtual.inject", lambda: virtual.inject(b"x"))
    refused("virtual.port", lambda: virtual.port)
    assert modem.closed
    assert repr(modem) == f"<m531x.Modem {modem.port!r} closed>"
    repr(virtual), repr(delivery), repr(subscription), modem._repr_html_()
    modem.close()
    virtual.close()

print(in_child(child))
print(modem.command("AT+CGMM"), modem.publish("s", "x").qos, next(messages).text)
modem.close()
virtual.close()
""",
    )
    assert script == (0, "0\n['M5310-A'] 0 x\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_a_modem_for_asyncio_is_refused_in_the_child_too(version: str) -> None:
    script = run(
        version,
        prologue()
        + """
async def main():
    modem = await aio.Modem("virtual://", trace=10)
    await modem.connect("b", client_id="c")
    delivery = modem.publish_nowait("t", "x", qos=1)
    messages = modem.messages(timeout=1)

    def child():
        def asked(coroutine):
            return lambda: coroutine.send(None)
        refused("command", asked(modem.command("AT")))
        refused("publish", asked(modem.publish("t", "x")))
        refused("publish_nowait", lambda: modem.publish_nowait("t", "x"))
        refused("subscribe", asked(modem.subscribe("t")))
        refused("messages", lambda: modem.messages())
        refused("stats", lambda: modem.stats())
        repr(modem), repr(delivery), modem._repr_html_()
        asyncio.run(modem.close())

    print(in_child(child))
    print(await modem.command("AT+CGMM"), (await delivery).qos)
    await modem.close()

asyncio.run(main())
""",
    )
    assert script == (0, "0\n['M5310-A'] 1\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_a_child_may_open_its_own_and_end_with_the_parents_still_there(version: str) -> None:
    script = run(
        version,
        prologue()
        + """
import multiprocessing
parents = m531x.Modem("virtual://")
delivery = parents.publish_nowait("t", "x")

def work(number):
    with m531x.Modem("virtual://") as modem:
        return modem.command("AT+CGMM") * number

if __name__ == "__main__":
    # Its processes are forked, and end with exit handlers and destructors.
    with multiprocessing.get_context("fork").Pool(2) as pool:
        print(pool.map(work, [1, 2]))
    print(parents.command("AT+CGMM"))
    parents.close()
""",
    )
    assert script == (0, "[['M5310-A'], ['M5310-A', 'M5310-A']]\n['M5310-A']\n", "")


@pytest.mark.parametrize("version", PYTHONS)
def test_a_fork_in_the_middle_of_traffic_harms_neither_side(version: str) -> None:
    script = run(
        version,
        prologue()
        + """
modem = m531x.Modem("virtual://")
modem.connect("b", client_id="c")
modem.subscribe("t", callback=lambda message: None)
ending = False

def publish():
    while not ending:
        modem.publish("t", "x", qos=1)

busy = threading.Thread(target=publish)
busy.start()
for _ in range(10):
    status = in_child(lambda: refused("command", lambda: modem.command("AT")))
    assert status == 0, status
ending = True
busy.join(10)
print(busy.is_alive(), modem.stats().published > 0)
modem.close()
""",
    )
    assert script == (0, "False True\n", "")
