'use strict';
// server.cjs TCP-PORT [UDP-PORT]: answers each connection and datagram with JSON {peer, port}. Prints `listening`, then what
// it saw as JSON lines.

const { print, tcpServer, udpServer } = require('./exchange.cjs');

const [tcpPort, udpPort] = process.argv.slice(2);
const servers = [tcpServer({ port: Number(tcpPort), host: '0.0.0.0', seen: print })];
if (udpPort !== undefined) servers.push(udpServer({ port: Number(udpPort), host: '0.0.0.0', seen: print }));
Promise.all(servers).then(
  () => process.stdout.write('listening\n'),
  (error) => {
    process.stderr.write(`cannot listen on TCP port ${tcpPort} and UDP port ${udpPort}: ${error.message}\n`);
    process.exitCode = 1;
  },
);
