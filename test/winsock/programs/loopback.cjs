// What a plain Node program does with sockets, on the loopback interface. One line of JSON per situation.
const dgram = require('node:dgram');
const dns = require('node:dns');
const fs = require('node:fs');
const http = require('node:http');
const net = require('node:net');

const report = (name, outcome) => fs.writeSync(1, `${JSON.stringify({ name, ...outcome })}\n`);

const situations = {
  async 'TCP client and server'() {
    const server = net.createServer((socket) => socket.on('data', (data) => socket.end(`echo ${data}`)));
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    const client = net.connect(server.address().port, '127.0.0.1');
    client.write('hello');
    let answer = '';
    for await (const data of client) answer += data;
    server.close();
    return answer;
  },

  async 'a refused TCP connection'() {
    const server = net.createServer();
    await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
    const { port } = server.address();
    await new Promise((closed) => server.close(closed));
    return new Promise((done) => net.connect(port, '127.0.0.1').on('error', ({ code }) => done(code)));
  },

  async 'TCP over IPv6'() {
    const server = net.createServer((socket) => socket.end('six'));
    await new Promise((listening) => server.listen(0, '::1', listening));
    let answer = '';
    for await (const data of net.connect(server.address().port, '::1')) answer += data;
    server.close();
    return answer;
  },

  'UDP, unbound': () => udp((socket, port) => socket.send('unbound', port, '127.0.0.1')),

  'UDP, bound': () =>
    udp((socket, port) => socket.bind(0, '127.0.0.1', () => socket.send('bound', port, '127.0.0.1'))),

  'UDP, connected': () => udp((socket, port) => socket.connect(port, '127.0.0.1', () => socket.send('connected'))),

  async 'HTTP to localhost'() {
    const server = http.createServer((request, response) => response.end(`you asked for ${request.url}`));
    await new Promise((listening) => server.listen(0, listening));
    const response = await new Promise((answered, failed) =>
      http.get({ host: 'localhost', port: server.address().port, path: '/page' }, answered).on('error', failed),
    );
    let body = '';
    for await (const data of response) body += data;
    server.close();
    server.closeAllConnections();
    return body;
  },

  'dns.lookup of localhost': async () => (await dns.promises.lookup('localhost', { family: 4 })).address,
};

// Sends one datagram from a fresh socket; what came to an echo server and back.
async function udp(send) {
  const server = dgram.createSocket('udp4');
  server.on('message', (message, { port, address }) => server.send(`echo ${message}`, port, address));
  await new Promise((bound) => server.bind(0, '127.0.0.1', bound));
  const socket = dgram.createSocket('udp4');
  const answer = new Promise((got, failed) => {
    socket.on('message', (message) => got(String(message)));
    socket.on('error', failed);
    setTimeout(() => failed(new Error('no answer')), 5000).unref();
  });
  send(socket, server.address().port);
  return answer.finally(() => {
    socket.close();
    server.close();
  });
}

(async () => {
  for (const [name, situation] of Object.entries(situations)) {
    try {
      report(name, { result: await situation() });
    } catch (error) {
      report(name, { error: error.message });
    }
  }
})();
