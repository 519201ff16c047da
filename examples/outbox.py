"""Measures while there is no network, and sends it later: outbox.py [PORT BROKER [FILE]]."""

import sys
import tempfile
from pathlib import Path

import m531x

port, broker = sys.argv[1:3] or ("virtual://", "broker.example")
file = Path(sys.argv[3]) if len(sys.argv) > 3 else Path(tempfile.mkdtemp()) / "outbox.db"

with m531x.Modem(port, outbox=m531x.Outbox(file, max_messages=10_000)) as modem:
    for count in range(3):
        # Returns once it is on the disk, connected or not.
        modem.publish_nowait("meters/17", str(count), qos=1)
    print("on the disk")

# The process may have been killed, or the power gone.
with m531x.Modem(port, outbox=file) as modem:
    modem.connect(broker, client_id="meter-17")
    modem.publish("meters/17", "the last", qos=1)
    print(modem.stats().outbox)
