"""Runs a mosquitto until standard input ends: brokers.py FOLDER.

Prints where all may connect, and where only user meter may.
"""

import sys
from pathlib import Path

from mosquitto import open_and_guarded

mosquitto = open_and_guarded(Path(sys.argv[1]).resolve())
print(*mosquitto.addresses, flush=True)
sys.stdin.read()
mosquitto.stop()
