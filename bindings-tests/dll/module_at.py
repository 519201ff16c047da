"""A healthy M5311 that hears and speaks at one speed only: module_at.py LINK BAUDRATE.

It is a pseudo-terminal with this name, prints `port: LINK`, and ends with its input.
"""

import os
import select
import sys
import termios
import tty
from pathlib import Path

ANSWERS = {
    "AT+CGMM": "M5311",
    "AT+CGMR": "M5311-1.0",
    "AT+CFUN?": "+CFUN: 1",
    "AT+CPIN?": "+CPIN: READY",
    "AT+CSQ": "+CSQ: 20,99",
    "AT+CEREG?": "+CEREG: 0,1",
    "AT+CGATT?": "+CGATT: 1",
    "AT+CGPADDR": '+CGPADDR: 1,"10.0.0.7"',
    "AT+MQTTSTAT?": "+MQTTSTAT: 0",
}

link, speed = Path(sys.argv[1]), getattr(termios, f"B{sys.argv[2]}")
# It keeps the other side too: without it a program that closes the port would be the end.
master, slave = os.openpty()
tty.setraw(slave)
link.unlink(missing_ok=True)
link.symlink_to(os.ttyname(slave))
print(f"port: {link}", flush=True)
heard = b""
while True:
    ready, _, _ = select.select([master, sys.stdin], [], [])
    if sys.stdin in ready:
        break
    heard += os.read(master, 256)
    *lines, heard = heard.split(b"\r")
    if termios.tcgetattr(master)[5] != speed:
        continue
    for line in lines:
        answer = ANSWERS.get(line.decode("latin-1").strip())
        shown = f"\r\n{answer}\r\n" if answer else ""
        os.write(master, f"{shown}\r\nOK\r\n".encode())
link.unlink()
