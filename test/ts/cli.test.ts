// The command line on a machine that is not Windows: help, usage and exit codes.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { repository } from '../support/artifacts.js';
import { runCli } from './dist.js';

const goodSet = ['tunnel', 'set', 'vpn', '--address', '10.8.0.2/24', '--source', '11.22.33.44'];
const commands: readonly (readonly string[])[] = [
  ['list'],
  ['map'],
  ['install'],
  ['install', '--dry-run'],
  ['install', '--over', 'tcp,1001'],
  ['remove'],
  ['remove', '--dry-run'],
  ['order'],
  ['order', '--first', '1002', '1001'],
  ['backup', 'backup.json'],
  ['restore', 'none.json'],
  ['doctor'],
  ['route', '1.2.3.4'],
  ['policy', 'list'],
  ['policy', 'add', 'keep'],
  ['policy', 'remove', '1'],
  ['policy', 'explain', '--to', '1.2.3.4'],
  ['tunnel', 'show'],
  goodSet,
  ['tunnel', 'clear', 'vpn'],
  ['proxy', 'login', 'work'],
  ['proxy', 'logout', 'work'],
  ['proxy', 'list'],
  ['proxy', 'test', '127.0.0.1:1080', '--login', 'work', '--to', 'example.com:443'],
  ['stats'],
  ['watch'],
  ['connections'],
  ['history'],
  ['report', 'none.html'],
];

const wrong: readonly (readonly [parameters: readonly string[], message: RegExp, advice: string])[] = [
  [[], /which command/, '--help'],
  [['lst'], /unknown command 'lst'/, '--help'],
  [['--loud', 'list'], /unknown option '--loud'/, '--help'],
  [['list', '--loud'], /--loud/, 'list --help'],
  [['list', 'all'], /unexpected argument 'all'/, 'list --help'],
  [['install', '--dll'], /--dll/, 'install --help'],
  [['install', '--over', 'icmp'], /--over must be/, 'install --help'],
  [['install', '--over', 'tcp,'], /--over must be/, 'install --help'],
  [['list', '--layered', '--base'], /exclude each other/, 'list --help'],
  [['install', '--no-stage=yes'], /--no-stage/, 'install --help'],
  [['order', 'x'], /an ID must be a number/, 'order --help'],
  [['order', '--first'], /--first wants an ID/, 'order --help'],
  [['backup'], /FILE is missing/, 'backup --help'],
  [['restore', 'a', 'b'], /unexpected argument 'b'/, 'restore --help'],
  [['doctor', 'all'], /unexpected argument 'all'/, 'doctor --help'],
  [['route'], /ADDRESS is missing/, 'route --help'],
  [['route', '1.2.3.4', '--port', 'http'], /--port must be a number/, 'route --help'],
  [['policy', 'add'], /RULE is missing/, 'policy add --help'],
  [['policy', 'remove', 'all'], /LINE must be a number/, 'policy remove --help'],
  [['policy', 'explain'], /--to is missing/, 'policy explain --help'],
  [['tunnel'], /which tunnel command/, 'tunnel --help'],
  [['tunnel', 'open'], /unknown command 'tunnel open'/, 'tunnel --help'],
  [['tunnel', 'clear'], /NAME is missing/, 'tunnel clear --help'],
  [['tunnel', 'set', 'vpn', '--source', '11.22.33.44'], /--address is missing/, 'tunnel set --help'],
  [['tunnel', 'set', 'vpn', '--address', '10.8.0.2/24'], /--source is missing/, 'tunnel set --help'],
  [[...goodSet, '--source', '11.22.33.45'], /one address of each family/, 'tunnel set --help'],
  [[...goodSet, '--pid', 'me'], /--pid must be a number/, 'tunnel set --help'],
  [['proxy', 'login'], /NAME is missing/, 'proxy login --help'],
  [['proxy', 'login', 'work', 'sam'], /unexpected argument 'sam'/, 'proxy login --help'],
  [['proxy', 'login', 'work', '--password', 'x'], /unknown option|--password/i, 'proxy login --help'],
  [['proxy', 'test'], /ADDR:PORT is missing/, 'proxy test --help'],
];

const badValues: readonly (readonly string[])[] = [
  ['list', '--architecture', 'arm64'],
  ['install', '--dll', ''],
  ['order', '1', '--arch', 'arm64'],
  ['backup', ''],
  ['restore', ''],
  ['route', 'example.com'],
  ['route', '1.2.3.4', '--port', '65536'],
  ['route', '1.2.3.4', '--proto', 'icmp'],
  [...goodSet, '--otherwise', 'drop'],
  [...goodSet, '--interface', '0'],
  ['tunnel', 'set', 'vpn', '--address', '10.8.0.2', '--source', '11.22.33.44'],
  ['tunnel', 'set', 'vpn', '--address', '10.8.0.2/24', '--source', 'gateway'],
  ['proxy', 'logout', 'a b'],
  ['proxy', 'test', '127.0.0.1'],
  ['proxy', 'test', '127.0.0.1:0'],
  ['proxy', 'test', 'proxy.example.com:1080'],
  ['proxy', 'test', '::1:1080'],
  ['proxy', 'test', '127.0.0.1:1080', '--to', 'example.com'],
  ['proxy', 'test', '127.0.0.1:1080', '--login', 'a/b'],
];

for (const parameters of commands) {
  const line = parameters.join(' ');

  test(`${line}: is not for this platform: exit code 3, the message on stderr`, () => {
    const { code, stdout, stderr } = runCli(...parameters);
    assert.equal([code, stdout], [3, '']);
    assert.match(stderr, /^winsock-lsp: .*Windows.*\n$/);
  });

  test(`${line} --json: the error on stdout`, () => {
    for (const all of [[...parameters, '--json'], ['--json', ...parameters]]) {
      const { code, stdout, stderr } = runCli(...all);
      assert.equal([code, stderr], [3, '']);
      const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
      assert.equal(Object.keys(error), ['code', 'errno', 'syscall', 'message']);
      assert.is(error.code, 'ERR_UNSUPPORTED_PLATFORM');
    }
  });

  test(`${line} --help: shows its help`, () => {
    const { code, stdout, stderr } = runCli(...parameters, '--help');
    assert.equal([code, stderr], [0, '']);
    assert.match(stdout, /^Usage: winsock-lsp /);
    assert.match(stdout, /--json/);
  });
}

test('help of a command needs no other arguments', () => {
  for (const parameters of [['route', '--help'], ['tunnel', 'set', '--help']]) assert.is(runCli(...parameters).code, 0);
});

test('--help shows every command and every exit code', () => {
  for (const option of ['--help', '-h']) {
    const { code, stdout } = runCli(option);
    assert.is(code, 0);
    for (const [first = '', second] of commands) {
      const name = ['tunnel', 'policy', 'proxy'].includes(first) ? `${first} ${second}` : first;
      assert.match(stdout, new RegExp(`^  ${name}\\b`, 'm'));
    }
    for (let exit = 0; exit <= 7; ++exit) assert.match(stdout, new RegExp(`^  ${exit}  `, 'm'));
  }
});

test('tunnel --help shows the commands of tunnel', () => {
  const { code, stdout } = runCli('tunnel', '--help');
  assert.is(code, 0);
  assert.match(stdout, /tunnel set NAME/);
  assert.not.match(stdout, /^  install/m);
});

test("--version prints the package's", () => {
  const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8')) as { version: string };
  assert.equal(runCli('--version'), { code: 0, stdout: `${version}\n`, stderr: '' });
});

for (const [parameters, message, advice] of wrong) {
  test(`'${parameters.join(' ')}' is wrong usage: exit code 2 and what to look at`, () => {
    const { code, stdout, stderr } = runCli(...parameters);
    assert.equal([code, stdout], [2, '']);
    assert.match(stderr, message);
    assert.ok(stderr.endsWith(`\nTry 'winsock-lsp ${advice}'.\n`), stderr);

    const json = runCli(...parameters, '--json');
    // Not of an option that takes the next word as its value.
    if (json.stdout !== '') assert.is((JSON.parse(json.stdout) as { error: { code: string } }).error.code, 'ERR_USAGE');
    assert.is(json.code, 2);
  });
}

for (const parameters of badValues) {
  test(`'${parameters.join(' ')}' has a bad value: exit code 2`, () => {
    const { code, stdout } = runCli(...parameters, '--json');
    assert.is(code, 2);
    assert.is((JSON.parse(stdout) as { error: { code: string } }).error.code, 'ERR_INVALID_ARG_VALUE');
  });
}

test.run();
