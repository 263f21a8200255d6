/** proxy login, logout, list, test. */

import { proxy, type ProxyTestReport } from '../index.js';
import { askLogin } from './ask.js';
import { exitCodeOf, exitCodes, type ExitCode } from './exit_codes.js';
import type { Command } from './command.js';
import { interruptible } from './interrupt.js';
import { paint, type Terminal } from './terminal.js';
import { columns, printable } from './text.js';

export const proxyLogin: Command = {
  name: 'proxy login',
  positionals: ['NAME'],
  summary: "Keep a proxy's user name and password, or replace them",
  details:
    'Asks for both on the terminal, without showing the password; else standard input has them, in two lines. They are a generic ' +
    "credential of yours in Windows' Credential Manager, winsock-lsp/NAME: other users' programs cannot read it, all of yours can.",
  examples: [
    ['proxy login work', 'asks for user name and password'],
    ['proxy login work < login.txt', 'two lines: user name, password'],
  ],
  changes: () => true,
  async run(input) {
    const name = input.positional('NAME');
    const replaces = proxy.listCredentials().some((each) => each.name.toLowerCase() === name.toLowerCase());
    const { user, password } = await askLogin(process.stdin, process.stderr);
    await proxy.setCredential(name, { user, password });
    return {
      data: { name, user, replaced: replaces },
      text: `${replaces ? 'Replaced' : 'Kept'} the log-in ${name} of ${printable(user)}.`,
    };
  },
};

export const proxyLogout: Command = {
  name: 'proxy logout',
  positionals: ['NAME'],
  summary: "Delete a proxy's user name and password",
  details: 'Rules that name the log-in refuse what they match from then on, or do what they say otherwise.',
  examples: [['proxy logout work', 'the log-in of that name']],
  exitCodes: ['notFound'],
  changes: () => true,
  async run(input) {
    const name = input.positional('NAME');
    await proxy.deleteCredential(name);
    return { data: { name }, text: `Deleted the log-in ${name}.` };
  },
};

export const proxyList: Command = {
  name: 'proxy list',
  summary: 'Show your log-ins for proxies, without the passwords',
  examples: [['proxy list', 'name, user, and when it was changed']],
  run() {
    const credentials = proxy.listCredentials();
    const rows = credentials.map(({ name, user, changedAt }) => [name, printable(user) || '-', changedAt.toISOString()]);
    return {
      data: credentials,
      text: rows.length === 0 ? 'There are no log-ins.' : columns([['NAME', 'USER', 'CHANGED'], ...rows]),
    };
  },
};

const stepNames: Readonly<Record<ProxyTestReport['steps'][number]['name'], string>> = {
  resolve: 'name',
  connect: 'connection',
  method: 'greeting',
  login: 'log-in',
  request: 'request',
};

function reportText({ ok, proxy: address, destination, steps, remarks, error }: ProxyTestReport, terminal: Terminal): string {
  const rows = steps.map(({ name, milliseconds, answer }) => [`  ${stepNames[name]}`, `${milliseconds.toFixed(1)} ms`, printable(answer)]);
  const success = destination === null ? 'speaks SOCKS 5' : `leads to ${destination}`;
  return [
    `${address}${destination === null ? '' : `, to ${destination}`}`,
    columns(rows),
    ...(ok ? [paint(terminal, 'ours', `OK: the proxy ${success}.`)] : [paint(terminal, 'fault', printable(error?.message ?? ''))]),
    ...remarks.map((remark) => paint(terminal, 'warning', remark)),
  ].join('\n');
}

function exitCodeFor({ error }: ProxyTestReport): ExitCode {
  const number = error === null ? 0 : exitCodeOf(error);
  return (Object.keys(exitCodes) as ExitCode[]).find((name) => exitCodes[name] === number) ?? 'failure';
}

export const proxyTest: Command = {
  name: 'proxy test',
  positionals: ['ADDR:PORT'],
  options: {
    login: { value: 'NAME', help: 'log in with this log-in of yours (proxy login)' },
    to: { value: 'HOST:PORT', help: 'have the proxy connect to it; without it only the greeting and the log-in are tried' },
  },
  summary: 'Try a SOCKS 5 proxy, and say what it answers',
  details:
    'Connects, greets, logs in and asks for a connection, as programs are led through a proxy, and ends the connection. Tells the time ' +
    'of each step. All of it may take 30 seconds. Rules that match this program hold for it too. docs/socks5.md explains each answer.',
  examples: [
    ['proxy test 127.0.0.1:1080', 'whether a SOCKS 5 proxy is there, and whether it wants a log-in'],
    ['proxy test 192.0.2.1:1080 --login work --to example.com:443', 'whether it leads there'],
  ],
  exitCodes: ['notFound'],
  async run(input) {
    const report = await interruptible((signal) =>
      proxy.test(input.positional('ADDR:PORT'), { login: input.text('login'), to: input.text('to'), signal }),
    );
    return { data: report, text: (terminal) => reportText(report, terminal), exitCode: exitCodeFor(report) };
  },
};
