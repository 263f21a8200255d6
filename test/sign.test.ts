/** `npm run sign`, with a certificate that is made for it and thrown away. */

import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { packageFolder, repository } from './support/artifacts.js';

const temporary = mkdtempSync(join(tmpdir(), 'winsock-lsp-sign-'));
const folder = join(temporary, 'prebuilds');
const certificate = join(temporary, 'certificate.pem');
const key = join(temporary, 'key.pem');
const password = join(temporary, 'password');

const openssl = (...parameters: string[]) => execFileSync('openssl', parameters, { stdio: 'pipe' });

function sign(environment: Record<string, string>): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(repository, 'scripts', 'sign.mjs'), '--folder', folder], {
    env: { ...process.env, ...environment },
    encoding: 'utf8',
  });
  return { code: status, said: `${stdout}${stderr}` };
}

const files = () =>
  ['x64', 'ia32'].flatMap((architecture) => {
    const inside = `win32-${architecture}`;
    return readdirSync(join(folder, inside)).map((name) => join(inside, name));
  });
const contents = () => new Map(files().map((path) => [path, readFileSync(join(folder, path)).toString('base64')]));

test.before(() => {
  cpSync(join(packageFolder, 'prebuilds'), folder, { recursive: true });
  const sums = execFileSync('sh', ['-c', 'sha256sum win32-*/*'], { cwd: folder, encoding: 'utf8' });
  writeFileSync(join(folder, 'SHA256SUMS'), `# winsock-lsp 1.2.3\n# tools\n${sums}`);
  writeFileSync(password, 'secret\n');
  openssl(
    ...['req', '-x509', '-newkey', 'rsa:2048', '-days', '2', '-subj', '/CN=winsock-lsp throw-away', '-keyout', key, '-out', certificate],
    ...['-passout', `file:${password}`, '-addext', 'extendedKeyUsage=codeSigning', '-addext', 'keyUsage=digitalSignature'],
  );
});
test.after(() => rmSync(temporary, { recursive: true, force: true }));

test('without a certificate nothing is signed, and it says what to set', () => {
  const { code, said } = sign({});
  assert.is(code, 2, said);
  assert.match(said, /set WINSOCK_LSP_SIGN_PKCS12, or WINSOCK_LSP_SIGN_CERTIFICATE and WINSOCK_LSP_SIGN_KEY/);
});

test('with a key that cannot be read nothing is signed, and all files stay what they were', () => {
  const before = contents();
  const { code, said } = sign({ WINSOCK_LSP_SIGN_CERTIFICATE: certificate, WINSOCK_LSP_SIGN_KEY: join(temporary, 'none') });
  assert.is(code, 1, said);
  assert.equal(contents(), before);
});

test('every file is signed; without the signature it is, byte for byte, what was built', () => {
  const before = contents();
  const { code, said } = sign({
    ...{ WINSOCK_LSP_SIGN_CERTIFICATE: certificate, WINSOCK_LSP_SIGN_KEY: key },
    WINSOCK_LSP_SIGN_PASSWORD_FILE: password,
  });
  assert.is(code, 0, said);
  assert.equal(files(), [...before.keys()]);
  execFileSync('sha256sum', ['--check', '--quiet', 'SHA256SUMS'], { cwd: folder });
  for (const path of files()) {
    const file = join(folder, path);
    const checked = execFileSync('osslsigncode', ['verify', '-CAfile', certificate, '-in', file], { encoding: 'utf8' });
    assert.match(checked, /Signature verification: ok/);
    assert.match(checked, /CN ?= ?winsock-lsp throw-away/);
    const bare = join(temporary, 'bare');
    rmSync(bare, { force: true });
    execFileSync('osslsigncode', ['remove-signature', '-in', file, '-out', bare], { stdio: 'pipe' });
    assert.ok(readFileSync(bare).toString('base64') === before.get(path), `${path} without its signature`);
  }
  assert.match(readFileSync(join(folder, 'SHA256SUMS.unsigned'), 'utf8'), /^# winsock-lsp 1\.2\.3\n/);
});

test('what is signed is not signed again', () => {
  assert.ok(existsSync(join(folder, 'SHA256SUMS.unsigned')));
  const { code, said } = sign({ WINSOCK_LSP_SIGN_CERTIFICATE: certificate, WINSOCK_LSP_SIGN_KEY: key, WINSOCK_LSP_SIGN_PASSWORD_FILE: password });
  assert.is(code, 1, said);
  assert.match(said, /has been signed already/);
});

test.run();
