// Ports for the processes that these tests start, as package room/porttest gives
// them to the Go tests: outside the range from which the kernel takes ports for
// outgoing connections, and claimed, until this process ends, by a socket of the
// same name in the kernel's abstract namespace.
import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';

const [from] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim().split(/\s+/).map(Number);
const lowest = 10_000;
const highest = from - lowest >= 1000 ? from - 1 : 65_535;

/** bound gives a server or socket that bind has bound; nothing where its address is taken. */
function bound(s, bind) {
  return new Promise((ok, no) => {
    s.once('error', (e) => (e.code === 'EADDRINUSE' ? ok() : no(e)));
    bind(() => ok(s));
  });
}

const listen = (s, ...at) => bound(s, (done) => s.listen(...at, done));

async function isFree(port) {
  const tcp = await listen(createServer(), port);
  const socket = createSocket('udp4');
  const udp = await bound(socket, (done) => socket.bind(port, done));
  await Promise.all([tcp, udp].map((s) => s && new Promise((ok) => s.close(ok))));
  return tcp && udp;
}

/** claimPorts gives n ports that nobody else gets while this process lives. */
export async function claimPorts(n) {
  const ports = [];
  while (ports.length < n) {
    const port = lowest + Math.floor(Math.random() * (highest - lowest + 1));
    const claim = await listen(createServer(), `\0${`packroom-test-port-${port}`.padEnd(107)}`);
    if (!claim) continue;
    claim.unref();
    if (await isFree(port)) ports.push(port);
    else claim.close();
  }
  return ports;
}
