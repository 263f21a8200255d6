'use strict';
// The exchanges that the programs beside this file make. Node's own API only: on Windows node.exe these are the unmodified
// programs whose source address is in question.

const dgram = require('node:dgram');
const net = require('node:net');

/** Makes a JSON answer out of what a peer looked like. */
function describe(address, port) {
  return JSON.stringify({ peer: address.replace(/^::ffff:/, ''), port });
}

/**
 * Opens a TCP connection and reads how the server saw it.
 * @returns {Promise<{ok: boolean, seenSource?: string, localAddress?: string, peer?: string, error?: string}>}
 */
function tcpClient({ host, port, localAddress, timeout = 5000 }) {
  return new Promise((resolve) => {
    let text = '';
    let local;
    const socket = net.connect({ host, port, localAddress });
    const finish = (result) => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ ...result, localAddress: local });
    };
    const timer = setTimeout(() => finish({ ok: false, error: 'TIMEOUT' }), timeout);
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      local = socket.localAddress;
      socket.write('who am I?\n');
    });
    socket.on('data', (data) => {
      text += data;
      if (!text.endsWith('\n')) return;
      const { peer } = JSON.parse(text);
      finish({ ok: true, seenSource: peer, peer: socket.remoteAddress });
    });
    socket.on('error', (error) => finish({ ok: false, error: error.code ?? error.message }));
    socket.on('end', () => finish({ ok: false, error: 'CLOSED' }));
  });
}

/**
 * Sends a datagram and reads how the server saw it. `bind` is an address, 'any' or undefined; `connect` connects the socket
 * first; `bindPort` binds that port. A socket given as `socket` is used as it is and stays open.
 */
function udpClient({ host, port, bind, bindPort, connect = false, socket: given, timeout = 5000 }) {
  return new Promise((resolve) => {
    const socket = given ?? dgram.createSocket('udp4');
    let again;
    const finish = (result) => {
      clearTimeout(timer);
      clearInterval(again);
      let local;
      try {
        local = socket.address().address;
      } catch {
        // It never was bound.
      }
      socket.removeAllListeners();
      socket.on('error', () => {});
      if (given === undefined) socket.close();
      resolve({ ...result, localAddress: local });
    };
    const fail = (error) => finish({ ok: false, error: error.code ?? error.message });
    const timer = setTimeout(() => finish({ ok: false, error: 'TIMEOUT' }), timeout);
    socket.on('error', fail);
    socket.on('message', (message, from) => {
      finish({ ok: true, seenSource: JSON.parse(message.toString()).peer, peer: from.address });
    });
    const send = () => {
      const done = (error) => error && fail(error);
      if (connect) socket.send('who am I?', done);
      else socket.send('who am I?', port, host, done);
    };
    // Datagrams may be lost.
    const start = (error) => {
      if (error) return fail(error);
      send();
      again = setInterval(send, 1000);
    };
    const connectAndStart = () => (connect ? socket.connect(port, host, start) : start());
    if (bind === undefined && bindPort === undefined) connectAndStart();
    else {
      const address = bind === 'any' ? undefined : bind;
      socket.bind({ port: bindPort ?? 0, address, exclusive: true }, connectAndStart);
    }
  });
}

/** Listens; answers each connection with how it looks from here, and tells `seen`. */
function tcpServer({ port, host, seen = () => {} }) {
  return new Promise((resolve, reject) => {
    const server = net.createServer((socket) => {
      const { remoteAddress, remotePort, localAddress } = socket;
      seen({ protocol: 'tcp', peer: remoteAddress.replace(/^::ffff:/, ''), port: remotePort, localAddress });
      socket.on('error', () => {});
      socket.on('data', () => socket.end(`${describe(remoteAddress, remotePort)}\n`));
    });
    server.on('error', reject);
    server.listen({ port, host }, () => resolve(server));
  });
}

/** Answers each datagram with how its sender looks from here, and tells `seen`. */
function udpServer({ port, host, seen = () => {} }) {
  return new Promise((resolve, reject) => {
    const socket = dgram.createSocket('udp4');
    socket.on('error', reject);
    socket.on('message', (message, { address, port: from }) => {
      seen({ protocol: 'udp', peer: address, port: from });
      socket.send(describe(address, from), from, address);
    });
    socket.bind({ port, address: host, exclusive: true }, () => resolve(socket));
  });
}

/** One line, written before anything else happens. */
function print(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

module.exports = { print, tcpClient, tcpServer, udpClient, udpServer };
