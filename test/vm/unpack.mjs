// node unpack.mjs TARBALL FOLDER: unpacks an npm package. For a guest without a network, whose Windows may be older than its tar.exe.
// The package's own dependencies lie beside it on the payload disk, in node_modules.
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const [tarball, folder] = process.argv.slice(2);
const bytes = gunzipSync(readFileSync(tarball));
const field = (at, length) => bytes.toString('utf8', at, at + length).replace(/\0[^]*/, '');
for (let at = 0; at + 512 <= bytes.length && bytes[at] !== 0; ) {
  const size = Number.parseInt(field(at + 124, 12), 8);
  const prefix = field(at + 345, 155);
  const path = join(folder, prefix, field(at, 100));
  if (field(at + 156, 1) === '0') {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes.subarray(at + 512, at + 512 + size));
  }
  at += 512 + Math.ceil(size / 512) * 512;
}
const dependencies = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
if (existsSync(dependencies)) cpSync(dependencies, join(folder, 'package', 'node_modules'), { recursive: true });
