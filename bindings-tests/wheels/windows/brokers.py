"""Runs a mosquitto until standard input ends: brokers.py FOLDER.

Prints where all may connect, and where only user meter may.
"""

import subprocess
import sys
from pathlib import Path

from mosquitto import Mosquitto, program

folder = Path(sys.argv[1]).resolve()
users = folder / "users"
subprocess.run(
    [program("mosquitto_passwd"), "-b", "-c", users, "meter", "right"],
    check=True,
    capture_output=True,
)
mosquitto = Mosquitto(
    folder, ["allow_anonymous true", f"allow_anonymous false\npassword_file {users}"]
)
print(*mosquitto.addresses, flush=True)
sys.stdin.read()
mosquitto.stop()
