// `node sink.cjs PORT`: what stream_bench talks to. The first byte of a connection says what it does: it echoes ('e'), swallows what comes ('s'),
// or says with a byte that all has come ('n'), how many bytes that are being the next eight, little end first. A proxy may not pass on a
// half-close (microsocks does not), so that nothing is told by one.
const { createServer } = require('node:net');

const server = createServer((socket) => {
  let head = Buffer.alloc(0);
  let mode = '';
  let left = 0n;
  socket.setNoDelay();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    let data = chunk;
    if (mode === '') {
      head = Buffer.concat([head, data]);
      const first = String.fromCharCode(head[0]);
      const length = first === 'n' ? 9 : 1;
      if (head.length < length) return;
      mode = first;
      if (mode === 'n') left = head.readBigUInt64LE(1);
      data = head.subarray(length);
    }
    if (mode === 'e' && data.length > 0) socket.write(data);
    if (mode !== 'n') return;
    left -= BigInt(data.length);
    if (left === 0n) socket.write('n');
  });
});
server.listen(Number(process.argv[2]), () => process.stdout.write('ready\n'));
