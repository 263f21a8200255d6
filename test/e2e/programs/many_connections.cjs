'use strict';
// many_connections.cjs HOST PORT COUNT: opens so many TCP connections at once, and looks at the event loop meanwhile. Prints JSON {connected,
// milliseconds, longestPause}: how many were made, in which time, and the longest time in which the loop did not turn.

const net = require('node:net');
const { performance } = require('node:perf_hooks');
const { print } = require('./exchange.cjs');

const [host, port, count] = process.argv.slice(2);
let connected = 0;
let ended = 0;
let longestPause = 0;
let last = performance.now();
const look = setInterval(() => {}, 1);
function turn() {
  const now = performance.now();
  longestPause = Math.max(longestPause, now - last);
  last = now;
  if (ended < Number(count)) return void setImmediate(turn);
  clearInterval(look);
  print({ connected, milliseconds: Math.round(now - begun), longestPause });
}
const begun = performance.now();
const sockets = [];
for (let i = 0; i < Number(count); ++i) {
  const socket = net.connect({ host, port: Number(port) });
  sockets.push(socket);
  const end = (made) => () => {
    connected += made;
    ended += 1;
    if (ended === Number(count)) for (const each of sockets) each.destroy();
  };
  socket.once('connect', end(1));
  socket.once('error', end(0));
}
// The calls that begin them are the program's own time.
last = performance.now();
setImmediate(turn);
