// What a fresh, unmodified node.exe does: a TCP connection and a UDP datagram over loopback. Exit code 0 if both arrive.
'use strict';
const net = require('node:net');
const dgram = require('node:dgram');

setTimeout(() => process.exit(3), 20_000).unref();

const server = net.createServer((socket) => socket.end('hello')).listen(0, '127.0.0.1', () => {
  net.connect(server.address().port, '127.0.0.1').on('data', () => {
    server.close();
    const receiver = dgram.createSocket('udp4').bind(0, '127.0.0.1', () => {
      const sender = dgram.createSocket('udp4');
      receiver.on('message', () => process.exit(0));
      sender.send('hello', receiver.address().port, '127.0.0.1');
    });
  });
});
