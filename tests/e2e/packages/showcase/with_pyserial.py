"""Lists `/dev` for serial ports, opens one that there is not, and talks to one of its own in memory."""

import serial
from serial.tools import list_ports


def facts():
    with serial.serial_for_url("loop://", timeout=0) as port:
        port.write(b"hello\nrest")
        found = [port.readline().decode(), port.read(9).decode(), port.in_waiting]
    try:
        serial.Serial("/dev/ttyUSB77")
    except serial.SerialException as error:
        found.append([error.errno, str(error)])
    return [*found, [port.device for port in list_ports.comports() if "USB" in port.device]]
