// The world's end of the test network: at each address given, says to whoever connects or sends which address it sees, as
// `HOST PORT`. A connection then echoes; a line `call HOST PORT` has the peer connect there.
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';

const port = 7000;
const bare = (address) => address.replace(/%.*$/, '');

const ready = process.argv.slice(2).flatMap((host) => {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write(`${bare(socket.remoteAddress ?? '')} ${socket.remotePort}\n`);
    socket.on('data', (data) => {
      const [, back, backPort] = String(data).match(/^call (\S+) (\d+)/) ?? [];
      if (back === undefined) {
        socket.write(data);
      } else {
        connect({ host: back, port: Number(backPort), localAddress: host }, function () {
          this.end('called\n');
        }).on('error', () => undefined);
      }
    });
  });
  const datagrams = createSocket(host.includes(':') ? 'udp6' : 'udp4');
  datagrams.on('error', (error) => console.error(error.message));
  datagrams.on('message', (_, from) => datagrams.send(`${bare(from.address)} ${from.port}`, from.port, from.address));
  return [
    new Promise((listening) => server.listen(port, host, 200, listening)),
    new Promise((bound) => datagrams.bind(port, host, bound)),
  ];
});
await Promise.all(ready);
console.log('ready');
