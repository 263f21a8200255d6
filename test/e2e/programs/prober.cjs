'use strict';
// prober.cjs DIRECTORY: keeps running, and makes an exchange for each file NUMBER.json that appears in DIRECTORY. The file
// says which: {"kind": "tcp" | "udp" | "tcp-server" | "udp-server" | "close", ...the arguments of exchange.cjs, "keep": NAME}. Prints
// one JSON line with the request's number for each. A UDP socket asked for with `keep` is the same in all such requests, so
// that one socket can live through the coming and going of a tunnel. Ends when a file `quit` appears.

const dgram = require('node:dgram');
const fs = require('node:fs');
const path = require('node:path');
const { print, tcpClient, tcpServer, udpClient, udpServer } = require('./exchange.cjs');

const [directory] = process.argv.slice(2);
const kept = new Map();
const servers = new Map();

function keptSocket(name) {
  if (!kept.has(name)) kept.set(name, dgram.createSocket('udp4'));
  return kept.get(name);
}

const kinds = {
  tcp: tcpClient,
  udp: ({ keep, ...request }) => udpClient({ ...request, socket: keep === undefined ? undefined : keptSocket(keep) }),
  'tcp-server': (request) => serve(tcpServer, request),
  'udp-server': (request) => serve(udpServer, request),
  close: ({ port }) => new Promise((resolve) => servers.get(port).close(() => resolve({ ok: true }))),
};

async function serve(start, { port }) {
  const server = await start({ port, seen });
  servers.set(port, server);
  return { ok: true, port: server.address().port };
}

function seen(what) {
  print({ seen: what });
}

async function answer(id, { kind, ...request }) {
  try {
    print({ id, ...(await kinds[kind](request)) });
  } catch (error) {
    print({ id, ok: false, error: error.code ?? error.message });
  }
}

const timer = setInterval(() => {
  for (const name of fs.readdirSync(directory)) {
    if (name === 'quit') {
      clearInterval(timer);
      process.exit(0);
    }
    if (!name.endsWith('.json')) continue;
    const file = path.join(directory, name);
    const request = JSON.parse(fs.readFileSync(file, 'utf8'));
    fs.unlinkSync(file);
    void answer(path.basename(name, '.json'), request);
  }
}, 20);

process.stdout.write('ready\n');
