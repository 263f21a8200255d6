// The suite of `npm run test:windows`, in plain JavaScript: all that it needs is node.exe and the package. Prints TAP. Elevated:
//
//   node windows_suite.mjs --package FOLDER [--target ADDRESS --source ADDRESS] [--selftest lsp-selftest.exe [--dll FILE]]
//     [--msiexec CODE] [--com COM1]
//
// Both addresses are IPv4 addresses of this host; unless told, two that are added to its loopback interface for the time of the
// test. --msiexec: how OpenVPN's installer ended; without it OpenVPN may be missing. Exit codes: 0 all passed; 1 not; 2 wrong usage.
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { closeSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: Object.fromEntries(['package', 'target', 'source', 'selftest', 'dll', 'msiexec', 'com', 'ways'].map((name) => [name, { type: 'string' }])),
});

let port;
let count = 0;
let failed = 0;
function say(line) {
  process.stdout.write(`${line}\n`);
  if (port !== undefined) writeSync(port, `${line}\r\n`);
}
function result(passed, behaviour, details = '') {
  if (!passed) failed += 1;
  say(`${passed ? 'ok' : 'not ok'} ${(count += 1)} - ${behaviour}`);
  if (!passed) for (const line of String(details).trim().split('\n')) say(`# ${line}`);
}
function skip(behaviour, reason) {
  say(`ok ${(count += 1)} - ${behaviour} # SKIP ${reason}`);
}

const timeout = (promise, what) =>
  Promise.race([promise, new Promise((_, reject) => setTimeout(() => reject(new Error(`${what}: nobody came`)), 5000).unref())]);

/** Every way of Node's own to a target on this host: which address the target sees. */
const ways = {
  'net.connect (ConnectEx)': async (target) => {
    const server = createServer().listen(0, target);
    await new Promise((listening) => server.once('listening', listening));
    const seen = new Promise((visited) => server.once('connection', (socket) => visited(socket.remoteAddress)));
    const client = connect(server.address().port, target).on('error', () => {});
    return timeout(seen, 'net.connect').finally(() => (client.destroy(), server.close()));
  },
  'dgram.send': (target) => datagram(target, () => {}),
  'dgram.bind, dgram.send': (target) => datagram(target, (socket) => new Promise((bound) => socket.bind(0, bound))),
};

async function datagram(target, prepare) {
  const [server, client] = [createSocket('udp4'), createSocket('udp4')];
  await new Promise((bound) => server.bind(0, target, bound));
  await prepare(client);
  const seen = new Promise((visited) => server.once('message', (_, { address }) => visited(address)));
  client.send('hello', server.address().port, target);
  return timeout(seen, 'dgram').finally(() => (client.close(), server.close()));
}

// The child: goes all ways and prints what was seen.
if (values.ways !== undefined) {
  const seen = {};
  for (const [name, go] of Object.entries(ways)) seen[name] = await go(values.ways).catch((error) => error.message);
  writeSync(1, JSON.stringify(seen));
  process.exit(0);
}

if (process.platform !== 'win32' || values.package === undefined) {
  process.stderr.write('usage, on Windows: node windows_suite.mjs --package FOLDER [--target A --source A] [--selftest FILE] [--com COM1]\n');
  process.exit(2);
}

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-test-'));

/** A program's exit code and output, which goes through files: they lose nothing on any system. */
function run(program, parameters) {
  const paths = ['out', 'error'].map((name) => join(temporary, name));
  const files = paths.map((path) => openSync(path, 'w'));
  const { status, error } = spawnSync(program, parameters, { stdio: ['ignore', ...files], timeout: 180_000 });
  for (const file of files) closeSync(file);
  const [stdout, stderr] = paths.map((path) => readFileSync(path, 'utf8'));
  return { code: status, stdout, stderr: `${stderr}${error?.message ?? ''}` };
}

function cli(...parameters) {
  const main = join(values.package, 'dist', 'esm', 'cli', 'main.js');
  const { code, stdout, stderr } = run(process.execPath, [main, ...parameters, '--json']);
  let json;
  try {
    json = JSON.parse(stdout);
  } catch {
    json = undefined;
  }
  return { code, json, said: `${parameters.join(' ')} ended with ${code}: ${stdout}${stderr}` };
}

function goAllWays(target, moment, wanted, right) {
  const { code, stdout, stderr } = run(process.execPath, [fileURLToPath(import.meta.url), '--ways', target]);
  let seen = {};
  try {
    seen = JSON.parse(stdout);
  } catch {
    result(false, `${moment}: the sockets can be used`, `exit code ${code}: ${stdout}${stderr}`);
  }
  for (const [way, address] of Object.entries(seen)) {
    result(/^[\d.]+$/.test(address) && right(address), `${moment}: ${way}: the target sees ${address}`, `should be ${wanted}`);
  }
}

/** The addresses of this host, by interface. */
const ownAddresses = () =>
  Object.entries(networkInterfaces())
    .flatMap(([name, each]) => (each ?? []).map(({ address, internal }) => ({ name, address, internal })))
    .sort((a, b) => (a.name + a.address < b.name + b.address ? -1 : 1));

/**
 * Two addresses of this host, and how to take back what had to be added for that. They go to the loopback interface, which is never
 * configured by DHCP: an address that is added to an interface that is may end its lease. Documentation addresses (RFC 5737)
 * collide with nothing, and the active store's are gone at the next start, whatever becomes of this program.
 */
function addresses() {
  if (values.target !== undefined && values.source !== undefined) return { ...values, restore: () => {} };
  const before = ownAddresses();
  const name = before.find(({ internal }) => internal)?.name ?? 'Loopback Pseudo-Interface 1';
  const added = ['192.0.2.77', '192.0.2.78'];
  const netsh = (verb, address, ...more) =>
    run('netsh', ['interface', 'ipv4', verb, 'address', `name=${name}`, `address=${address}`, ...more, 'store=active']);
  for (const address of added) {
    const { code, stdout, stderr } = netsh('add', address, 'mask=255.255.255.255');
    result(code === 0, `an address is added to ${name} for the test: ${address}`, `${stdout}${stderr}`);
  }
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4000); // duplicate address detection
  const there = ownAddresses().map(({ address }) => address);
  result(added.every((address) => there.includes(address)), 'this host has both addresses', there.join(' '));
  const restore = () => {
    for (const address of added) netsh('delete', address);
    const [was, is] = [before, ownAddresses()].map((list) => JSON.stringify(list));
    result(is === was, 'the addresses of this host are what they were', `${was}\n${is}`);
  };
  const [target, source] = added;
  return { target, source, restore };
}

/** A text of HKLM\SOFTWARE\OpenVPN, which OpenVPN's installer writes; undefined if it is not there. */
function openvpnSetting(...name) {
  const { code, stdout } = run('reg', ['query', 'HKLM\\SOFTWARE\\OpenVPN', ...name, '/reg:64']);
  return code === 0 ? stdout.match(/REG_(?:EXPAND_)?SZ\s+(.*?)\s*$/m)?.[1] : undefined;
}

/** As README.md and docs/openvpn.md have it. */
const documentedLine = 'plugin "C:\\\\Program Files\\\\OpenVPN\\\\plugins\\\\winsock-lsp.dll"';

/** OpenVPN, where it is installed: doctor finds the plugin in its folder, and openvpn.exe loads it, which needs no server. */
function openvpn() {
  // 3010: the installer asks for a restart.
  if (values.msiexec !== undefined) result(['0', '3010'].includes(values.msiexec), "OpenVPN's installer ended well", `exit code ${values.msiexec}`);
  const root = openvpnSetting('/ve');
  if (root === undefined) {
    if (values.msiexec === undefined) skip('openvpn.exe loads the plugin', 'OpenVPN is not installed');
    else result(false, 'OpenVPN is registered');
    return;
  }
  const program = join(root, 'bin', 'openvpn.exe');
  const version = run(program, ['--version']);
  result(/^OpenVPN 2\./m.test(version.stdout), `openvpn.exe tells its version: ${version.stdout.split(/\r?\n/)[0]}`, version.stderr);
  const folder = openvpnSetting('/v', 'plugin_dir') ?? join(root, 'plugins');
  const plugin = join(folder, 'winsock-lsp.dll');
  if (existsSync(plugin)) {
    skip('openvpn.exe loads the plugin', `${plugin} is there already, and stays as it is`);
    return;
  }
  const of64 = process.env.ProgramW6432 !== undefined && !/\(x86\)/i.test(root);
  const built = join(values.package, 'prebuilds', of64 ? 'win32-x64' : 'win32-ia32');
  const setup = join(folder, 'winsock-lsp-setup.dll');
  const findings = () => (cli('doctor').json?.findings ?? [{ code: 'doctor said nothing' }]).map(({ code }) => code);
  try {
    mkdirSync(folder, { recursive: true });
    copyFileSync(join(built, 'winsock-lsp.dll'), plugin);
    result(findings().includes('plugin-setup-missing'), `doctor finds the plugin in ${folder}, without its setup DLL`);
    copyFileSync(join(built, 'winsock-lsp-setup.dll'), setup);
    const left = findings().filter((code) => code.startsWith('plugin-'));
    result(left.length === 0, 'doctor finds nothing wrong with the plugin', left.join(' '));
    // A tunnel to nowhere, which ends by itself after two seconds. OpenVPN loads plugins first.
    const nowhere = ['--dev', 'null', '--remote', '127.0.0.1', '9', '--nobind', '--ping-exit', '2', '--verb', '4'];
    // The documented line, in a file: the command line has no backslashes to double.
    const line = `plugin "${plugin.replaceAll('\\', '\\\\')}"`;
    const configuration = join(temporary, 'plugin.ovpn');
    writeFileSync(configuration, `${line}\n`);
    if (root.toLowerCase() === 'c:\\program files\\openvpn\\' && openvpnSetting('/v', 'plugin_dir') === undefined) {
      result(line === documentedLine, 'the plugin line is the documented one', line);
    }
    const { stdout, stderr } = run(program, ['--config', configuration, ...nowhere]);
    const said = `${stdout}${stderr}`;
    const loaded = /PLUGIN_INIT: POST .*winsock-lsp\.dll/.test(said);
    // OpenVPN 2.7 may have no tunnel without TLS any more.
    if (!loaded && /Options error/.test(said) && !/PLUGIN/.test(said)) skip('openvpn.exe loads the plugin', said.match(/Options error.*/)[0].trim());
    else result(loaded, 'openvpn.exe loads the plugin', said);
  } finally {
    for (const file of [plugin, setup]) rmSync(file, { force: true });
  }
}

const changed = ({ code, json }, value) => code === 0 && json?.changed === value;

function suite({ target, source }) {
  const backup = (name) => {
    const file = join(temporary, name);
    const made = cli('backup', file);
    result(made.code === 0, `the catalog is backed up: ${name}`, made.said);
    const { catalogs } = made.code === 0 ? JSON.parse(readFileSync(file, 'utf8')) : {};
    return JSON.stringify(catalogs);
  };
  const before = backup('before.json');
  const start = cli('list');
  result(start.code === 0 && start.json.length > 0 && start.json.every(({ ours }) => !ours), 'list: nothing of ours is installed', start.said);

  const first = cli('install');
  result(changed(first, true), 'install changes the catalog', first.said);
  if (first.code === 0) {
    const again = cli('install');
    result(changed(again, false), 'installing again changes nothing', again.said);
    const list = cli('list');
    const ours = list.json?.filter((entry) => entry.ours && entry.kind === 'chain') ?? [];
    result(
      ours.length > 0 && ours.every((entry, i) => list.json[i]?.id === entry.id),
      'list: our chains stand first in the catalog',
      list.said,
    );
    const doctor = cli('doctor');
    const errors = doctor.json?.findings?.filter(({ severity }) => severity === 'error') ?? [{}];
    result(errors.length === 0, 'doctor finds no error', doctor.said);

    goAllWays(target, 'installed, no rule', `not ${source}`, (seen) => seen !== source);
    const rules = cli('policy', 'list').json;
    const rule = `to ${target}/32 source ${source}`;
    const added = cli('policy', 'add', rule);
    result(added.code === 0, `the rule is written: ${rule}`, added.said);
    goAllWays(target, 'installed, with the rule', source, (seen) => seen === source);
    const line = cli('policy', 'list').json?.rules?.length ?? (rules?.rules?.length ?? 0) + 1;
    const gone = cli('policy', 'remove', String(line), '--expect', rule);
    result(gone.code === 0, 'the rule is taken back', gone.said);

    const route = cli('route', target);
    result(route.code === 0, 'route says what would be done', route.said);
  }
  const removed = cli('remove');
  result(changed(removed, first.code === 0), 'remove takes all of ours out', removed.said);
  result(backup('after.json') === before, 'the catalog is what the backup says');
  goAllWays(target, 'afterwards', `not ${source}`, (seen) => seen !== source);
}

/** lsp-selftest.exe, whose results are numbered on from ours. */
function native({ target, source }) {
  const { code, stdout, stderr } = run(values.selftest, [
    ...['--target', target, '--source', source],
    ...(values.dll === undefined ? [] : ['--dll', values.dll]),
  ]);
  for (const line of stdout.split(/\r?\n/)) {
    const [, not, behaviour] = line.match(/^(not )?ok \d+ - (.*)$/) ?? [];
    if (behaviour !== undefined) result(not === undefined, `native: ${behaviour}`);
    else if (/^#/.test(line)) say(line);
  }
  result(code === 0 && /^1\.\.\d+/m.test(stdout), 'native: the suite ended well', `exit code ${code}: ${stderr}`);
}

try {
  if (values.com !== undefined) {
    try {
      port = openSync(`\\\\.\\${values.com}`, 'w');
    } catch (error) {
      process.stderr.write(`${values.com}: ${error.message}\n`);
    }
  }
  say('TAP version 13');
  const host = addresses();
  try {
    suite(host);
    if (values.selftest !== undefined) native(host);
    else skip('native: the host model and the socket calls that Node.js does not make', 'there is no lsp-selftest.exe');
    openvpn();
  } finally {
    host.restore();
  }
} catch (error) {
  result(false, 'the suite ran to its end', error.stack);
} finally {
  try {
    rmSync(temporary, { recursive: true, force: true, maxRetries: 5 });
  } catch (error) {
    // What a program of the test still holds, under Wine a moment longer: it says nothing of what was tested.
    say(`# ${temporary} is left over: ${error.message}`);
  }
}
say(`1..${count}`);
process.exitCode = failed === 0 && count > 0 ? 0 : 1;
