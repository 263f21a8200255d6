/**
 * The situations: a line each, steps between `; `, whose words the program's *_verbs.cpp explain. `a` is the socket that a step is about
 * unless it names another (`b.bind lan:P`). The table below multiplies; what has no pattern stands at its end as it is.
 */

/** Every combination of a word from each list, joined into one line; an empty word leaves its step out. */
export function combine(...lists: readonly (readonly string[])[]): string[] {
  return lists
    .reduce<string[][]>((lines, list) => lines.flatMap((line) => list.map((word) => [...line, word])), [[]])
    .map((words) => words.filter((word) => word !== '').join('; '));
}

const to = (calls: readonly string[], destinations: readonly string[], ending = '') =>
  calls.flatMap((call) => destinations.map((destination) => `${call} ${destination}${ending}`));

const binds = ['', 'bind any:0', 'bind any:P', 'bind physical:0', 'bind virtual:0', 'bind loopback:0'];
const freeBinds = ['', 'bind any:0'];
const looks = 'local; remote; peer; local';
const ways = ['/event', '/port', '/skip', '/port-event', '/poll'];
const stages = ['', 'bind any:0', 'bind any:P', 'bind physical:P'];

const streams = [
  ...combine(['tcp4'], binds, to(['connect', 'wsaconnect'], ['lan', 'target', 'near', 'loopback:closed']), [looks]),
  ...combine(['tcp4'], freeBinds, to(['connect'], ['target:closed', 'lan:closed', 'unreachable', 'any:closed', 'target:0', 'broadcast', 'lan-broadcast', 'tunnel-broadcast', 'multicast']), ['local; remote; connect lan; local; peer']),
  ...combine(['tcp4'], binds, to(['connectex'], ['target', 'lan'], ' /event'), ['local; update', looks]),
  ...combine(['tcp4; bind any:0'], to(['connectex'], ['target', 'lan'], '').flatMap((call) => ways.map((way) => `${call} ${way}`)), ['update; local; peer']),
  ...combine(['tcp4; bind any:0'], to(['connectex'], ['target:closed', 'lan:closed', 'unreachable', 'loopback:closed'], ' /event'), ['update; local; remote']),
  'tcp4; bind any:0; connectex target data /port; update; peer; peer; local',
  'tcp4; bind any:0; connectex lan data /event; update; peer; peer; local',
  'tcp4; bind any:0; connectex silent /event; local; close',
  // Without blocking
  ...combine(['tcp4'], freeBinds, ['nonblocking'], to(['connect'], ['target', 'lan', 'target:closed', 'unreachable', 'loopback:closed']), ['writable; get-option error; local; remote; peer']),
  ...combine(['tcp4'], freeBinds, ['nonblocking; connect silent; local; connect silent; remote; writable 100; send; recv now; close']),
  ...combine(['tcp4'], freeBinds, ['eventselect'], to(['connect'], ['target', 'lan', 'target:closed', 'unreachable']), ['events; local; remote; peer']),
  ...combine(['tcp4'], freeBinds, ['asyncselect'], to(['connect'], ['target', 'lan', 'target:closed']), ['messages; local; remote; peer']),
  'tcp4; eventselect; connect target; events; send; events; shutdown send; events; local',
  'tcp4; eventselect; bind any:0; connectex target /event; update; events; peer; local',
  'tcp4; connect target; eventselect; events; eventselect off; nonblocking off; peer; local',
  // On a connection
  ...combine(['tcp4'], freeBinds, to(['connect'], ['target', 'lan']), [
    'peer; send; peer; shutdown send; recv; local',
    'peer; shutdown both; send; recv now; local',
    'peer; connect lan; connect target; local',
    'bind any:0; bind virtual:P; local',
    'peer; listen; local',
    'peer; select; poll; send; recv peek; to-read; recv; select',
    'peer; disconnectex /event; local; send',
    'peer; disconnectex reuse /event; wait 100; local; connectex lan /event; update; local; peer',
    'peer; disconnectex reuse /event; wait 100; connectex target /event; update; local; peer',
    'close; local; send; connect target',
    'protocol-info; base-handle; get-option type; get-option connect-time; option nodelay; keep-going',
    'b.duplicate a; b.local; b.peer; close; b.send; b.peer; b.remote',
    'child local, peer, send, peer, remote; local; remote',
    'heir local, remote; local',
  ].map((steps) => steps.replace('; keep-going', ''))),
  ...['', ...ways, '/routine'].map((way) => `tcp4; connect target; peer; wsasend ${way}; peer; local`.replace(' ;', ';')),
  ...['/event', '/port', '/routine', '/poll'].map((way) => `tcp4; bind any:0; connect target; peer; send; wait 50; wsarecv ${way}; local`),
  'tcp4; connect target; peer; wsarecv /poll; cancel; local',
  'tcp4; option receive-timeout 200; connect target; peer; recv now; recv now; local',
  // Before there is one
  ...combine(['tcp4'], stages, ['local', 'remote', 'select', 'poll', 'send', 'recv now', 'shutdown', 'listen; local; connect target; listen; wait 60; select', 'bind any:0; local', 'bind virtual:Q; local', 'bind loopback:0; connect loopback:closed; local', 'disconnectex /event', 'base-handle; local', 'get-option accepting; option reuse; get-option reuse; local', 'option exclusive; option reuse; local', 'eventselect; events 50; local', 'writable 50; local']),
  ...combine(['tcp4'], ['bind foreign:0', 'bind broadcast:0', 'bind multicast:0', 'bind foreign:P', 'bind lan:0', 'bind near:0', 'bind any:0; bind any:0', 'bind any:0; bind any:P', 'bind any:P; bind any:P', 'bind any:0; close; local', 'listen; local', 'bind any:0; local; bind any:0'], ['local; connect target; local; peer']),
  'tcp4; bind any:0; base-handle; connect target; local; peer',
  'tcp4; bind any:0; select; connect target; local; peer',
  'tcp4; bind any:0; poll; connect target; local; peer',
  'tcp4; bind any:0; option nodelay; option keepalive; get-option nodelay; connect target; local; peer',
  'tcp4; option reuse; bind any:0; connect target; local; peer',
  'tcp4; option exclusive; bind any:0; connect target; local; peer',
  'tcp4; bind any:0; b.tcp4; b.bind any:0; connect target; b.connect target; local; b.local; peer; b.peer',
  'tcp4; connect target; b.tcp4; b.connect lan; wait 60; select-two b; peer; b.peer; local; b.local',
  'tcp4; interface tunnel; connect target; local; peer',
  'tcp4; interface physical; connect lan; local; peer',
  'tcp4; bind any:0; interface tunnel; connect target; local; peer',
  'tcp4; interface tunnel; interface 0; connect lan; local; peer',
  // Ways to make the socket
  ...combine(['socket tcp4', 'socket tcp4 plain', 'socket tcp4 unspecified', 'socket tcp4 info', 'socket tcp4 info base'], freeBinds, ['connect target'], ['protocol-info', ''], [looks]),
  ...combine(['socket udp4', 'socket udp4 plain', 'socket udp4 unspecified', 'socket udp4 info', 'socket udp4 info base'], freeBinds, ['sendto target; peer; local; protocol-info']),
  ...combine(['socket tcp4 plain; bind any:0; connectex target /event; update; local']),
];

const servers = [
  ...combine(['tcp4'], ['', 'bind any:0', 'bind physical:0', 'bind loopback:0'], ['listen; local; get-option accepting; select; remote; listen']),
  ...combine(
    ['tcp4; bind any:P; listen; local'],
    to(['b.tcp4; b.connect'], ['loopback:P', 'physical:P', 'virtual:P'])
      .flatMap((client) => [client, client.replace('b.connect', 'b.bind any:0; b.connect')]),
    ['c.accept a; c.local; c.remote; b.local; b.send; c.recv; c.protocol-info', 'select; eventselect; events; c.accept a; c.local; events 50'],
  ),
  ...combine(['tcp4; bind any:P; listen; c.tcp4; b.tcp4'], ['', '/event', '/port', '/skip'].map((way) => `c.acceptex a b physical:P ${way || '/poll'}`), ['c.local; c.remote; b.send; c.recv; b.local']),
  'tcp4; bind any:0; listen; c.tcp4; b.tcp4; c.acceptex a b physical:P /event',
  'tcp4; bind any:0; c.tcp4; b.tcp4; c.acceptex a b physical:P /event; local',
  'tcp4; bind any:P; listen; nonblocking; b.accept a now; local',
  'tcp4; bind any:P; listen; b.tcp4; b.connect loopback:P; c.wsaaccept a; c.remote',
  'tcp4; bind any:P; listen; b.tcp4; b.connect physical:P; c.wsaaccept a reject; b.send',
  'tcp4; bind any:P; listen; asyncselect; b.tcp4; b.connect physical:P; messages; c.accept a now; c.local',
  // Two at one port
  ...combine(['tcp4', 'tcp4; option reuse', 'tcp4; option exclusive'], ['bind any:P', 'bind physical:P'], ['b.tcp4', 'b.tcp4; b.option reuse', 'b.tcp4; b.option exclusive'], ['b.bind any:P; b.local; local', 'b.bind physical:P; b.local; local']),
  ...combine(['udp4', 'udp4; option reuse', 'udp4; option exclusive'], ['bind any:P'], ['b.udp4', 'b.udp4; b.option reuse', 'b.udp4; b.option exclusive'], ['b.bind any:P; b.local; local', 'b.bind physical:P; b.local; local']),
  'tcp4; bind any:P; listen; b.tcp4; b.bind any:P; b.listen; b.local',
  'tcp4; bind any:P; close; b.tcp4; b.bind any:P; b.connect target; b.local; b.peer',
  // A peer's connection comes in
  ...['physical', 'virtual'].map((own) => `tcp4; bind ${own}:P; listen; b.tcp4; b.connect loopback:P; local; select`),
];

const datagramCalls = ['sendto', 'wsasendto', 'gather', 'sendmsg', 'wsasendmsg'];

const datagrams = [
  ...combine(['udp4'], binds, to(datagramCalls, ['target', 'lan']), ['peer; local; remote']),
  ...combine(['udp4'], ['', 'bind any:0', 'bind any:P'], to(['sendto', 'wsasendto'], ['near', 'loopback:closed', 'unreachable', 'broadcast', 'lan-broadcast', 'tunnel-broadcast', 'multicast', 'any:closed', 'target:closed', 'target:0']), ['peer quiet; local']),
  ...combine(['udp4; option broadcast'], freeBinds, to(['sendto', 'wsasendmsg'], ['broadcast', 'lan-broadcast', 'tunnel-broadcast']), ['peer quiet; local']),
  ...combine(['udp4'], freeBinds, to(['wsasendto', 'sendmsg', 'wsasendmsg'], ['target', 'lan']).flatMap((call) => [...ways, '/routine'].map((way) => `${call} ${way}`)), ['peer; local']),
  ...combine(['udp4'], ['', 'bind any:0', 'bind any:P'], ['sendto target; peer; sendto lan; peer; sendto near; peer; sendto target; peer; local', 'sendto lan; peer; local; sendto target; peer; local']),
  // A default destination
  ...combine(['udp4'], binds, to(['connect', 'wsaconnect'], ['target', 'lan', 'near']), ['local; remote; send; peer; local']),
  ...combine(['udp4'], freeBinds, to(['connect'], ['target', 'lan']), [
    'send; peer; connect lan; local; send; peer; local',
    'send; peer; connect target; local; send; peer; local',
    'sendto near; peer; local; send; peer',
    'disconnect; local; remote; send',
    'sendmsg target no-name; peer; local',
    'wsasend /event; peer; local',
    'wsasend /port; peer; local',
    'shutdown send; send; local',
    'eventselect; events; send; events; peer; local',
    'select; poll; send; wait 50; select; poll; peer; select',
    'b.duplicate a; b.send; b.peer; b.local; local',
    'bind any:0; bind virtual:0; local',
    'close; send; local',
  ]),
  ...combine(['udp4'], freeBinds, to(['connect'], ['target:closed', 'unreachable', 'broadcast', 'multicast', 'any:closed', 'target:0']), ['local; send; wait 100; send; recv now'.replace('; recv now', ''), 'remote; nonblocking; send; wait 50; recv now; local']),
  ...combine(['udp4'], freeBinds, ['connectex target /event; local', 'connectex lan /event; local']),
  ...combine(['udp4'], ['bind any:P', 'bind any:0; local'], ['connect target; sendto target; peer; local', 'connect lan; sendto target; peer; local; sendmsg target; peer', 'connect lan; connect target; sendto target; peer; send; peer']),
  // (An address of the system's own choice has lost its port in Wine after this.)
  'udp4; bind any:P; connect target; disconnect; sendto target; peer',
  // Receiving
  ...combine(['udp4'], ['', 'bind any:0', 'bind any:P', 'bind physical:0'], ['nonblocking; recv now; local; sendto target; peer', 'nonblocking; recvfrom now; local', 'nonblocking; recvmsg now; local', 'wsarecv /poll; sendto target; local; cancel', 'wsarecvfrom /poll; local; cancel', 'select; local; sendto target; peer', 'poll; local', 'eventselect; events 100; local; sendto target; events; peer', 'asyncselect; messages 100; sendto lan; messages; local', 'option receive-timeout 100; recv now; local', 'to-read; local', 'member join; local; member leave', 'listen; local', 'base-handle; local; sendto target; peer', 'base-handle; connect target; local', 'disconnectex /event; local', 'shutdown; local', 'send; local', 'address-list; local']),
  ...combine(['udp4; bind any:P'], ['b.udp4', 'b.udp4; b.bind any:0'], to(['b.sendto'], ['loopback:P', 'physical:P', 'virtual:P']), ['recvfrom; b.local', 'wsarecvfrom /event; b.local', 'recvmsg; b.local']),
  ...combine(['udp4'], freeBinds, ['wsarecvfrom /poll; sendto lan; wait 100; local', 'option pktinfo; sendto target; recvmsg; local']),
  'udp4; option reuse; bind any:P; b.udp4; b.option reuse; b.bind any:P; member join; b.local; sendto target; peer quiet',
  'udp4; bind any:0; option reuse; local; sendto target; peer',
  'udp4; bind any:0; b.udp4; b.bind any:0; local; b.local; sendto target; b.sendto target; peer; b.peer',
  ...combine(['udp4'], freeBinds, ['sendto target; b.udp4; b.sendto lan; wait 60; select-two b; peer; b.peer', 'interface tunnel; sendto target; peer; local', 'interface physical; sendto lan; peer; local']),
  ...combine(['udp4'], freeBinds, to(['sendmsg', 'wsasendmsg'], ['target own-source', 'target other-control', 'lan own-source', 'target no-name']), ['peer; local']),
  // As Java's channels, tokio and QUIC stacks do.
  ...combine(['tcp4'], ['bind any:0; local', 'bind any:0; base-handle', 'bind any:0; local; base-handle; local'], to(['connect', 'connectex'], ['target', 'lan']).map((call) => (call.startsWith('connectex') ? `${call} /event; update` : call)), [looks]),
  ...combine(['udp4'], ['bind any:0; local', 'bind any:0; base-handle', 'bind any:0; base-handle; local'], ['connect target; local; send; peer', 'connect lan; local; send; peer', 'sendto target; peer; local; sendto lan; peer', 'nonblocking; recv now; local; connect target; local']),
  ...combine(['udp4'], ['', 'bind any:0', 'bind any:P', 'bind physical:0'], to(['sendmsg', 'wsasendmsg'], ['target other-control', 'lan other-control']).flatMap((call) => ['', ...ways, '/routine'].map((way) => `${call} ${way}`.trim())), ['peer; local']),
  ...combine(['udp4'], ['bind any:0'], ['protocol-info; connect target; local; send; peer', 'base-handle; wait 600; local; connect target; local; send; peer']),
  ...combine(['udp4'], freeBinds, to(['joinleaf'], ['multicast', 'target']), ['local; sendto target; peer']),
  ...combine(['udp4'], ['bind foreign:0', 'bind broadcast:0', 'bind multicast:0', 'bind lan:P', 'bind any:0; bind any:0', 'bind any:0; bind any:P', 'bind any:P; bind any:0', 'bind any:0; close; sendto target'], ['local; sendto target; peer quiet']),
  ...['', 'bind any:0; ', 'bind any:P; '].map((bind) => `udp4; ${bind}child sendto target, peer, local; local; sendto lan; peer`),
  ...['', 'bind any:P; '].map((bind) => `udp4; ${bind}heir local, remote; local`),
  ...['tcp4', 'udp4', 'raw4'].map((kind) => `${kind}; heir protocol-info; protocol-info`),
  ...combine(['udp4'], ['eventselect; bind any:0; events 100', 'asyncselect; bind any:0; messages 100'], ['sendto target; peer; local', 'connect target; local; send; peer']),
  ...['', 'bind any:0; ', 'bind any:P; '].map((bind) => `tcp4; ${bind}child connect target, local, peer; local; remote`),
  ...['', 'bind any:0; '].map((bind) => `tcp4; ${bind}b.duplicate a; b.connect target; b.local; local; peer`),
  ...['', 'bind any:0; '].map((bind) => `udp4; ${bind}b.duplicate a; b.sendto target; b.peer; b.local; local`),
  // Raw. Such a socket receives what others ask for too, so nothing is said of when it can be read.
  ...combine(['raw4'], binds.filter((bind) => !bind.endsWith('P')), to(datagramCalls, ['target', 'lan']), ['pong; local']),
  ...combine(['raw4'], freeBinds, to(['wsasendto', 'sendmsg', 'wsasendmsg'], ['target', 'lan']).flatMap((call) => [...ways, '/routine'].map((way) => `${call} ${way}`)), ['pong; local']),
  ...combine(['raw4'], freeBinds, ['sendto target; pong; sendto lan; pong; sendto near; pong; sendto target; pong; local', 'sendto lan; pong; sendto target; pong; local']),
  ...combine(['raw4'], freeBinds, to(['sendto'], ['unreachable', 'broadcast', 'lan-broadcast', 'tunnel-broadcast', 'multicast', 'loopback']), ['local']),
  ...combine(['raw4'], freeBinds, to(['sendmsg', 'wsasendmsg'], ['target own-source', 'target other-control']), ['pong; local']),
  // The program writes the IP header, and so the source.
  ...combine(['raw4; option header-included 1'], ['', 'bind any:0', 'bind physical:0'], to(['sendto', 'wsasendto', 'wsasendmsg'], ['target own-header', 'lan own-header']), ['pong; local']),
  ...combine(['raw4; option header-included 1'], freeBinds, ['sendto target own-header; pong; option header-included 0; sendto target; pong; local', 'option header-included 0; sendto target; pong', 'b.duplicate a; b.sendto target own-header; pong']),
  ...combine(['raw4'], freeBinds, ['interface tunnel; sendto target; pong; interface 0; sendto target; pong', 'b.duplicate a; b.sendto target; pong; local', 'child sendto target, pong, local; local']),
  ...combine(['raw4'], ['', 'bind any:0', 'bind physical:0', 'bind virtual:0'], to(['connect', 'wsaconnect'], ['target', 'lan', 'loopback']), ['local; remote']),
  ...combine(['raw4'], freeBinds, ['connect target'], ['sendto target; pong; local', 'send; local', 'connect lan; sendto lan; pong; local']),
];

/** IPv6, and IPv6 sockets that reach IPv4 by mapped addresses. */
const ipv6 = [
  ...combine(['tcp6', 'tcp46'], ['', 'bind any:0', 'bind any:P', 'bind physical:0'], to(['connect', 'wsaconnect'], ['target', 'lan']), [looks]),
  ...combine(['tcp46'], ['', 'bind any:0', 'bind any:P', 'bind m-physical:0', 'bind m-virtual:0'], to(['connect', 'wsaconnect'], ['m-target', 'm-lan', 'm-near', 'm-loopback:closed']), [looks]),
  ...combine(['tcp6'], freeBinds, to(['connect'], ['m-target', 'target:closed', 'unreachable', 'loopback:closed', 'near', 'multicast', 'any:closed']), ['local; remote; peer']),
  ...combine(['tcp6', 'tcp46'], ['bind any:0'], to(['connectex'], ['target', 'lan'], ' /event').concat(to(['connectex'], ['target'], ' /port')), ['update', looks]),
  ...combine(['tcp46; bind any:0'], to(['connectex'], ['m-target', 'm-lan'], '').flatMap((call) => ways.map((way) => `${call} ${way}`)), ['update', looks]),
  ...combine(['tcp6', 'tcp46'], freeBinds, ['nonblocking; connect target; writable; local; peer', 'eventselect; connect target; events; local; peer', 'asyncselect; connect target; messages; local; peer', 'listen; local', 'local; bind any:0; local', 'connect target; peer; disconnectex reuse /event; connectex lan /event; update; local']),
  ...combine(['tcp46'], freeBinds, ['nonblocking; connect m-target; writable; local; peer', 'eventselect; connect m-target; events; local; peer', 'option v6only 0; connect m-target; local; peer', 'interface tunnel; connect m-target; local; peer']),
  ...combine(['udp6', 'udp46'], ['', 'bind any:0', 'bind any:P', 'bind physical:0'], to(datagramCalls, ['target', 'lan']), ['peer; local']),
  ...combine(['udp46'], ['', 'bind any:0', 'bind any:P', 'bind m-virtual:0'], to(datagramCalls, ['m-target', 'm-lan']), ['peer; local']),
  ...combine(['udp46'], ['', 'bind any:0', 'bind any:P'], ['sendto m-target; peer; sendto m-lan; peer; sendto lan; peer; sendto target; peer; local', 'connect m-target; local; send; peer; connect m-lan; local; send; peer', 'nonblocking; recv now; local', 'select; local']),
  ...combine(['udp6', 'udp46'], freeBinds, ['connect target; local; remote; send; peer', 'connect lan; local; send; peer; connect target; local; send; peer', 'sendto unreachable; local', 'sendto loopback:closed; local', 'sendto multicast; local', 'member join; local', 'wsasendto target /event; peer', 'wsasendto target /port; peer', 'wsasendto target /routine; peer', 'sendmsg target /event; peer', 'sendto m-target; local']),
  ...combine(['udp46'], freeBinds, to(['wsasendto', 'sendmsg'], ['m-target']).flatMap((call) => [...ways, '/routine'].map((way) => `${call} ${way}`)), ['peer; local']),
  'tcp46; bind any:P; listen; b.tcp4; b.connect physical:P; c.accept a; c.local; c.remote; b.local',
  'tcp6; bind any:P; listen; b.tcp6; b.connect physical:P; c.accept a; c.local; c.remote',
  'tcp6; connect target; child local, peer, remote; local',
  ...['tcp6', 'udp6', 'tcp46', 'udp46'].map((kind) => `${kind}; heir protocol-info; protocol-info`),
  ...combine(['tcp6', 'tcp46'], ['bind any:0; local', 'bind any:0; base-handle'], to(['connect'], ['target', 'lan', 'm-target']), ['local; peer']),
  ...combine(['tcp6', 'tcp46'], ['bind any:0; local'], to(['connectex'], ['target', 'm-target'], ' /event'), ['update; local; peer']),
  ...combine(['udp6', 'udp46'], ['bind any:0; local', 'bind any:0; base-handle'], to(['connect'], ['target', 'lan', 'm-target']), ['local; send; peer']),
  ...combine(['udp46'], ['', 'bind any:0'], to(['sendmsg'], ['m-target other-control', 'target other-control']), ['peer; local']),
  'tcp46; connect m-target; b.duplicate a; b.local; b.peer; close; b.send; b.peer',
];

const faults = ['null', 'nothing', 'wild', 'short', 'zero', 'negative', 'family', 'unspecified', 'other-family'];

const wrongArguments = [
  ...combine(['tcp4'], ['', 'bind any:0'], faults.flatMap((fault) => ['bind', 'connect', 'wsaconnect', 'connectex'].map((call) => `bad ${call} ${fault}`)), ['local; connect lan; local']),
  ...combine(['udp4'], ['', 'bind any:0', 'bind any:P'], faults.flatMap((fault) => ['sendto', 'sendmsg', 'wsasendmsg', 'connect'].map((call) => `bad ${call} ${fault}`)), ['local; sendto lan; peer']),
  ...combine(['udp4'], ['', 'bind any:0'], faults.flatMap((fault) => ['bind', 'joinleaf'].map((call) => `bad ${call} ${fault}`)), ['local']),
  ...combine(['tcp6', 'tcp46'], ['', 'bind any:0'], faults.map((fault) => `bad connect ${fault}`), ['local']),
  ...combine(['udp46'], ['', 'bind any:0'], faults.map((fault) => `bad sendto ${fault} m-target`), ['local']),
  ...combine(['tcp4', 'udp4'], ['', 'bind any:0', 'bind any:P', 'connect target'], ['null', 'wild', 'short', 'zero', 'negative'].flatMap((fault) => ['getsockname', 'getpeername'].map((call) => `bad ${call} ${fault}`)), ['local']),
  ...combine(['tcp4', 'udp4'], ['', 'bind any:0'], ['bad getsockname long target no-length', 'bad getpeername long target no-length'], ['local']),
  // Longer than they need be, which is right.
  ...combine(['tcp4'], freeBinds, ['bind', 'connect', 'wsaconnect'].map((call) => `bad ${call} long`), ['local']),
  ...combine(['udp4'], freeBinds, ['connect', 'sendto', 'sendmsg', 'wsasendmsg'].map((call) => `bad ${call} long`), ['peer quiet; local']),
  // A send that fails so may have bound the socket before or not, as the system likes: so it is bound.
  ...combine(['udp4'], ['bind any:P', 'bind any:Q'], ['sendto', 'sendto-none', 'sendto-zero', 'sendto-uncounted', 'sendmsg'].map((call) => `null-buffers ${call}`), ['local']),
  ...combine(['tcp4', 'udp4'], ['option unknown; local', 'get-option unknown; local', 'bind any:0; option unknown; bind any:0']),
  // Sockets that are none any more, and never were one
  ...['bind any:0', 'local', 'connect target', 'connectex target /event', 'sendto target', 'send', 'listen', 'select', 'poll', 'eventselect', 'b.duplicate a', 'option reuse', 'shutdown', 'close'].flatMap((step) => [
    `tcp4; bind any:0; close; ${step}`,
    step,
  ]),
  'tcp4; bind any:0; close-handle; b.tcp4; b.local; b.connect target; b.local; b.peer',
  'udp4; bind any:0; close-handle; b.udp4; b.local; b.sendto target; b.peer; b.local',
];

export const situations: readonly string[] = [...new Set([...streams, ...servers, ...datagrams, ...ipv6, ...wrongArguments])]
  // Wine's own connect crashes on the one, and takes the other for AF_UNSPEC, after which a socket has no port.
  .filter((situation) => !/bad (connect|wsaconnect|connectex) negative|^udp.*bad connect (zero|unspecified)/.test(situation));
