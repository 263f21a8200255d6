'use strict';
// tcp_client.cjs HOST PORT [LOCAL-ADDRESS]: one TCP exchange; prints its result as JSON.

const { print, tcpClient } = require('./exchange.cjs');

const [host, port, localAddress] = process.argv.slice(2);
tcpClient({ host, port: Number(port), localAddress }).then(print);
