// `node sink.cjs PORT`: what stream_bench talks to. By the first byte of a connection it echoes ('e'), or swallows what comes and says at its
// end how many bytes that were, as a 64-bit number ('s').
const { createServer } = require('node:net');

const server = createServer({ allowHalfOpen: true }, (socket) => {
  let mode = '';
  let count = 0n;
  socket.setNoDelay();
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    let data = chunk;
    if (mode === '') {
      mode = String.fromCharCode(data[0]);
      data = data.subarray(1);
    }
    if (mode === 'e' && data.length > 0) socket.write(data);
    count += BigInt(data.length);
  });
  socket.on('end', () => {
    if (mode !== 's') return socket.end();
    const told = Buffer.alloc(8);
    told.writeBigInt64LE(count);
    socket.end(told);
  });
});
server.listen(Number(process.argv[2]), () => process.stdout.write('ready\n'));
