'use strict';
// `node connection_events.cjs HOST PORT`: what a program's own code sees of connections, in order, as a line of JSON: of an exchange, of one whose
// first bytes are written before it is connected, of one that nobody listens for, of one that is given up at once.
const net = require('node:net');
const [, , host, port] = process.argv;

function events(at, use) {
  return new Promise((resolve) => {
    const seen = [];
    const socket = net.connect(at, host);
    const log = (what) => seen.at(-1) !== what && seen.push(what);
    for (const name of ['connect', 'ready', 'drain', 'end', 'finish']) socket.on(name, () => log(name));
    let text = '';
    socket.on('data', (chunk) => {
      log('data');
      text += chunk;
      if (text.includes('hello')) socket.end();
    });
    socket.on('error', ({ code, syscall }) => log(`${syscall} ${code}`));
    socket.on('close', (failed) => {
      log(`close ${failed}`);
      resolve(seen);
    });
    use(socket);
  });
}

(async () => {
  const seen = {
    exchange: await events(Number(port), (socket) => socket.on('connect', () => socket.write('hello\n'))),
    'written before': await events(Number(port), (socket) => socket.write('hello\n')),
    'nobody listens': await events(7999, () => {}),
    'given up': await events(Number(port), (socket) => socket.destroy()),
  };
  process.stdout.write(`${JSON.stringify(seen)}\n`);
})();
