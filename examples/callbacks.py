"""Answers questions inside a callback: callbacks.py [PORT BROKER], by default a virtual modem."""

import queue
import sys

import m531x

port, broker = sys.argv[1:] or ("virtual://", "broker.example")
answers: queue.Queue[str] = queue.Queue()

with m531x.Modem(port) as modem:

    def answer(question: m531x.Message) -> None:
        """Runs on the modem's own thread, and may use the modem."""
        modem.publish("answers", question.text.upper(), qos=1)

    modem.on_disconnect = lambda reason: print("disconnected:", reason)
    modem.connect(broker, client_id="meter-17", will=m531x.Will("state", "lost"))
    modem.subscribe("questions", qos=1, callback=answer)
    modem.subscribe("answers", qos=1, callback=lambda message: answers.put(message.text))

    deliveries = [modem.publish_nowait("questions", text, qos=1) for text in ("one", "two")]
    for delivery in deliveries:
        delivery.wait(timeout=30)
    print(answers.get(timeout=30), answers.get(timeout=30))
    modem.disconnect()
