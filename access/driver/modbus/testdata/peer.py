"""A relay module by pymodbus, for tests of the driver.

peer.py tcp | peer.py rtu PORT. It says "ready ADDRESS", then obeys lines on
standard input: "set di 3 1", "get co 0", "get hr 7". WATCHDOG seconds after the
last request it switches all coils off, as relay modules do.
"""
import asyncio
import sys
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer

WATCHDOG = 1.5
FUNCTION = {"co": 1, "di": 2, "hr": 3, "ir": 4}
heard = [time.monotonic()]


class Module(ModbusSlaveContext):
    def validate(self, fx, address, count=1):
        heard[0] = time.monotonic()
        return super().validate(fx, address, count)


module = Module(zero_mode=True, **{kind: ModbusSequentialDataBlock(0, [0] * 100) for kind in FUNCTION})


async def watchdog():
    while True:
        await asyncio.sleep(0.05)
        if time.monotonic() - heard[0] > WATCHDOG:
            module.setValues(1, 0, [False] * 100)


async def obey():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while words := (await lines.readline()).decode().split():
        kind, address = FUNCTION[words[1]], int(words[2])
        if words[0] == "set":
            module.setValues(kind, address, [int(words[3])])
        print(int(module.getValues(kind, address, 1)[0]), flush=True)
    sys.exit()


async def main():
    context = ModbusServerContext(slaves=module, single=True)
    if sys.argv[1] == "tcp":
        server = ModbusTcpServer(context, address=("127.0.0.1", 0))
        running = asyncio.ensure_future(server.serve_forever())
        while not server.server:
            await asyncio.sleep(0.01)
        print("ready 127.0.0.1:%d" % server.server.sockets[0].getsockname()[1], flush=True)
    else:
        # No parity: a pty has none, and pyserial insists.
        server = ModbusSerialServer(context, framer=ModbusRtuFramer, port=sys.argv[2], baudrate=115200, timeout=0.001)
        await server.start()
        running = asyncio.ensure_future(server.serve_forever())
        print("ready " + sys.argv[2], flush=True)
    await asyncio.gather(running, watchdog(), obey())


asyncio.run(main())
