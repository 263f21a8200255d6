'use strict';
// Listens at the target's address, asks itself over TCP and UDP, and prints which source the asker was seen with.

const { print, tcpClient, tcpServer, udpClient, udpServer } = require('../e2e/programs/exchange.cjs');

const host = '1.2.3.4';
const port = 7007;

async function ask(listen, client) {
  let server;
  try {
    server = await listen({ host, port });
    const { ok, seenSource, error } = await client({ host, port });
    return ok ? seenSource : error;
  } catch (error) {
    return error.code ?? error.message;
  } finally {
    server?.close();
  }
}

(async () => {
  print({ tcp: await ask(tcpServer, tcpClient), udp: await ask(udpServer, udpClient) });
  process.exit(0);
})();
