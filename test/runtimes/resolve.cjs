'use strict';
// Asks a name server of its own by c-ares, which waits by uv_poll, and says when it waits. The answer comes late, so that there is time to
// look at the process meanwhile.

const { createSocket } = require('node:dgram');
const { Resolver } = require('node:dns');

// No rule is for it: Wine would send a connected datagram socket with a rule's source out of that source's interface alone.
const address = '11.22.33.44';
const port = 5300;
const answered = '10.20.30.40';

/** To a question of one name (RFC 1035): the question again, and an A record that points to it. */
function answerTo(question) {
  const answer = Buffer.concat([question, Buffer.from([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...answered.split('.').map(Number)])]);
  answer.writeUInt16BE(0x8180, 2);
  answer.writeUInt16BE(1, 6);
  answer.writeUInt16BE(0, 8);
  answer.writeUInt16BE(0, 10);
  return answer;
}

/** Without the record of EDNS that may follow it. */
function questionOf(message) {
  let end = 12;
  while (message[end] !== 0) end += message[end] + 1;
  return message.subarray(0, end + 5);
}

const server = createSocket('udp4');
server.on('message', (message, from) => {
  setTimeout(() => server.send(answerTo(questionOf(message)), from.port, from.address), 1500);
});
server.bind(port, address, () => {
  const resolver = new Resolver();
  resolver.setServers([`${address}:${port}`]);
  resolver.resolve4('name.example', (error, addresses) => {
    console.log(error === null ? `answer ${addresses}` : `error ${error.code}`);
    process.exit(0);
  });
  setTimeout(() => console.log('asking'), 500);
});
