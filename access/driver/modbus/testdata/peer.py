"""A relay module by pymodbus, for tests of the driver.

peer.py tcp | peer.py rtu PORT. It says "ready ADDRESS", then obeys lines on
standard input: "set di 3 1", "get co 0", "get hr 7", and "turns co 0": how often
the master switched it on. WATCHDOG seconds after the last request it switches all
coils off, as relay modules do.
"""
import asyncio
import sys
import time

from pymodbus.datastore import ModbusSequentialDataBlock, ModbusServerContext, ModbusSlaveContext
from pymodbus.framer.rtu_framer import ModbusRtuFramer
from pymodbus.server.async_io import ModbusSerialServer, ModbusTcpServer

WATCHDOG = 2.0
FUNCTION = {"co": 1, "di": 2, "hr": 3, "ir": 4}
WRITE_COIL, WRITE_COILS = 5, 15
silent, last = [0.0], [time.monotonic()]
turns = [0] * 100


class Module(ModbusSlaveContext):
    def setValues(self, fx, address, values):
        if fx in (WRITE_COIL, WRITE_COILS):
            before = self.getValues(fx, address, len(values))
            for i, (was, on) in enumerate(zip(before, values)):
                turns[address + i] += on and not was
        super().setValues(fx, address, values)

    def validate(self, fx, address, count=1):
        silent[0] = 0.0
        return super().validate(fx, address, count)


module = Module(zero_mode=True, **{kind: ModbusSequentialDataBlock(0, [0] * 100) for kind in FUNCTION})


def watch():
    now = time.monotonic()
    silent[0] += min(now - last[0], 0.2)  # a machine that stalls for a while is no silence
    last[0] = now
    if silent[0] > WATCHDOG:
        module.setValues(FUNCTION["co"], 0, [False] * 100)


async def watchdog():
    while True:
        await asyncio.sleep(0.05)
        watch()


async def obey():
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while words := (await lines.readline()).decode().split():
        watch()
        kind, address = FUNCTION[words[1]], int(words[2])
        if words[0] == "set":
            module.setValues(kind, address, [int(words[3])])
        value = turns[address] if words[0] == "turns" else module.getValues(kind, address, 1)[0]
        print(int(value), flush=True)
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
