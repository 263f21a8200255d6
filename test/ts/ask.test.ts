// Asking for user name and password: on a terminal, whose keys are played here and in a real one, and from standard input.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { LspError } from '../../ts/errors.js';
import { askLogin } from '../../ts/cli/ask.js';
import { repository } from '../support/artifacts.js';

interface Outcome {
  login?: { user: string; password: string };
  code?: string;
  shown: string;
  /** Of setRawMode. */
  raw: boolean[];
}

async function ask(pieces: readonly (string | Buffer)[], { terminal }: { terminal: boolean }): Promise<Outcome> {
  const raw: boolean[] = [];
  const keyboard = Object.assign(new PassThrough(), { isTTY: terminal, setRawMode: (on: boolean) => raw.push(on) });
  let shown = '';
  for (const piece of pieces) keyboard.write(piece);
  keyboard.end();
  try {
    return { login: await askLogin(keyboard, { write: (text) => (shown += text) }), shown, raw };
  } catch (error) {
    assert.instance(error, LspError);
    return { code: (error as LspError).code, shown, raw };
  }
}

const euro = Buffer.from('€');
const typed: readonly { what: string; keys: readonly (string | Buffer)[]; login?: Outcome['login']; shown: string }[] = [
  { what: 'two lines', keys: ['sam\r', 'secret\r'], login: { user: 'sam', password: 'secret' }, shown: 'User name: sam\nPassword (is not shown): \n' },
  { what: 'both in one piece', keys: ['sam\nsecret\n'], login: { user: 'sam', password: 'secret' }, shown: 'User name: sam\nPassword (is not shown): \n' },
  {
    what: 'corrections',
    keys: ['sä', '\u007f', 'am', '\u007f\u007f\u007f\u007f', 'x\r', 'ab\u007f\b', 'c', '\r'],
    login: { user: 'x', password: 'c' },
    shown: 'User name: sä\b \bam\b \b\b \b\b \bx\nPassword (is not shown): \n',
  },
  { what: 'characters that arrive in halves', keys: [euro.subarray(0, 1), euro.subarray(1), '\r', euro.subarray(0, 2), euro.subarray(2), '😀\r'], login: { user: '€', password: '€😀' }, shown: 'User name: €\nPassword (is not shown): \n' },
  { what: 'arrows and other keys', keys: ['a\u001b[D\u001b[3~\u001bOPb\t\r', 'c\u001b[A\r'], login: { user: 'ab', password: 'c' }, shown: 'User name: ab\nPassword (is not shown): \n' },
  { what: 'Ctrl+C', keys: ['sam\r', 'sec\u0003'], shown: 'User name: sam\nPassword (is not shown): \n' },
  { what: 'an end of input', keys: ['sam\r'], shown: 'User name: sam\nPassword (is not shown): \n' },
  { what: 'Ctrl+D', keys: ['\u0004'], shown: 'User name: \n' },
];

for (const { what, keys, login, shown } of typed) {
  test(`on a terminal, ${what}: the password is not shown`, async () => {
    const outcome = await ask(keys, { terminal: true });
    assert.equal(outcome, { ...(login === undefined ? { code: 'ABORT_ERR' } : { login }), shown, raw: [true, false] });
  });
}

for (const [text, login] of [
  ['sam\nsecret\n', { user: 'sam', password: 'secret' }],
  ['\uFEFFsam\r\n sec ret \r\n\r\n', { user: 'sam', password: ' sec ret ' }],
  ['sam\nsecret', { user: 'sam', password: 'secret' }],
  ['sam\n', undefined],
  ['', undefined],
  ['\nsecret\n', undefined],
  ['sam\nsecret\nmore\n', undefined],
] as const) {
  test(`standard input ${JSON.stringify(text)}`, async () => {
    const outcome = await ask([text], { terminal: false });
    assert.equal(outcome, { ...(login === undefined ? { code: 'ERR_USAGE' } : { login }), shown: '', raw: [] });
  });
}

const script = '/usr/bin/script';
(existsSync(script) ? test : test.skip)(`a real terminal does not show the password${existsSync(script) ? '' : ` (${script} is not there)`}`, async () => {
  const module = JSON.stringify(join(repository, 'ts', 'cli', 'ask.ts'));
  const program = `import { askLogin } from ${module};
    const { user, password } = await askLogin(process.stdin, process.stderr);
    console.log(user + ' has ' + password.length);`;
  // `script` gives its command a terminal of its own, and shows what that shows.
  const child = spawn(script, ['-qec', `"$NODE" --import tsx --input-type=module -e "$PROGRAM"`, '/dev/null'], {
    cwd: repository,
    env: { ...process.env, NODE: process.execPath, PROGRAM: program },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let shown = '';
  child.stdout.on('data', (bytes) => {
    const before = shown;
    shown += String(bytes);
    const appears = (text: string) => !before.includes(text) && shown.includes(text);
    if (appears('User name: ')) child.stdin.write('sam\r');
    if (appears('shown): ')) child.stdin.write('secret\r');
  });
  const timer = setTimeout(() => child.kill(), 20_000);
  await new Promise((ended) => child.on('close', ended));
  clearTimeout(timer);
  assert.match(shown, /^User name: sam\r?\nPassword \(is not shown\): \r?\nsam has 6\r?\n$/);
});

test.run();
