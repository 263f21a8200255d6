// `npm run sign -- [--folder FOLDER]`: signs the files of FOLDER/win32-* (prebuilds unless told) with Authenticode, by osslsigncode.
// What is signed no longer has the sums of what the source builds: those are kept as SHA256SUMS.unsigned, and
// `osslsigncode remove-signature` gives the files back that they are of. Signed files are published, never committed.
//
// The certificate comes from the environment:
//   WINSOCK_LSP_SIGN_CERTIFICATE, WINSOCK_LSP_SIGN_KEY   files (PEM) with the certificates and the private key; or
//   WINSOCK_LSP_SIGN_PKCS12                              one file with both
//   WINSOCK_LSP_SIGN_PASSWORD_FILE                       a file with the key's password, if it has one
//   WINSOCK_LSP_SIGN_TIMESTAMP                           the address of an RFC 3161 time-stamp service; without one the
//                                                        signatures end with the certificate
// Exit codes: 0 signed; 1 failed; 2 wrong usage.
import { copyFileSync, existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import { differences, readSums, sumsOf, writeSums } from './prebuilt_sums.mjs';
import { BuildError, run } from './windows_files.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { folder: given } = parseArgs({ options: { folder: { type: 'string', default: join(repository, 'prebuilds') } } }).values;
const folder = resolve(given);

function fail(code, message) {
  process.stderr.write(`sign: ${message}\n`);
  process.exit(code);
}

const setting = (name) => process.env[`WINSOCK_LSP_SIGN_${name}`];
const certificate = setting('PKCS12')
  ? ['-pkcs12', setting('PKCS12')]
  : setting('CERTIFICATE') && setting('KEY')
    ? ['-certs', setting('CERTIFICATE'), '-key', setting('KEY')]
    : fail(2, 'no certificate: set WINSOCK_LSP_SIGN_PKCS12, or WINSOCK_LSP_SIGN_CERTIFICATE and WINSOCK_LSP_SIGN_KEY');
const password = setting('PASSWORD_FILE') ? ['-readpass', setting('PASSWORD_FILE')] : [];
const timestamp = setting('TIMESTAMP') ? ['-ts', setting('TIMESTAMP')] : [];

const recorded = readSums(folder);
if (recorded === undefined) fail(1, `${folder} has no SHA256SUMS: build with npm run prebuild first`);
const wrong = differences(recorded.sums, sumsOf(folder));
if (wrong.length > 0) fail(1, `${folder} is not what its SHA256SUMS says: ${wrong.join('; ')}`);
if (existsSync(join(folder, 'SHA256SUMS.unsigned'))) fail(1, `${folder} has been signed already`);

// First all beside the originals, so that a failure leaves none signed and others not.
const paths = [...recorded.sums.keys()].map((path) => join(folder, path));
try {
  for (const path of paths) {
    const args = ['sign', ...certificate, ...password, ...timestamp, '-h', 'sha256', '-n', 'winsock-lsp', '-in', path, '-out', `${path}.signed`];
    run(`signing ${path}`, 'osslsigncode', args, { cwd: repository });
  }
  copyFileSync(join(folder, 'SHA256SUMS'), join(folder, 'SHA256SUMS.unsigned'));
  for (const path of paths) renameSync(`${path}.signed`, path);
  writeSums(folder, recorded.version);
  process.stdout.write(readFileSync(join(folder, 'SHA256SUMS'), 'utf8'));
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  for (const path of paths) rmSync(`${path}.signed`, { force: true });
  fail(1, error.message);
}
