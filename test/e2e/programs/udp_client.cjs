'use strict';
// udp_client.cjs HOST PORT [--bind ADDRESS | --bind-any | --connect]: one UDP exchange; prints its result as JSON.

const { print, udpClient } = require('./exchange.cjs');

const [host, port, option, address] = process.argv.slice(2);
const bind = { '--bind': address, '--bind-any': 'any' }[option];
udpClient({ host, port: Number(port), bind, connect: option === '--connect' }).then(print);
