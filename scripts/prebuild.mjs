// `npm run prebuild -- [--out FOLDER]`: cross-compiles what the package has for Windows into FOLDER/prebuilds (the repository's
// unless told), with prebuildify, whose builder is cmake-js (prebuild_builder.mjs), and writes SHA256SUMS. Always from nothing:
// what an earlier build left is not looked at.
import { chmodSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';

import prebuildify from 'prebuildify';

import { differences, sumsOf, writeSums } from './prebuilt_sums.mjs';
import { architectures, packagedFiles } from './windows_files.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { out } = parseArgs({ options: { out: { type: 'string', default: repository } } }).values;
const { name, version, binary } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const prebuilds = join(resolve(out), 'prebuilds');
const work = join(repository, 'build', 'prebuild');

for (const folder of [work, prebuilds]) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
}
for (const arch of architectures) {
  process.stderr.write(`• prebuilds/win32-${arch}\n`);
  await promisify(prebuildify)({
    ...{ cwd: work, out: resolve(out), cache: join(work, 'cache'), name, platform: 'win32', arch },
    // Node-API: one file for all versions of Node.js. The target is only passed on, and our builder needs none.
    ...{ napi: true, targets: [`node@${binary.napi_versions[0]}.0.0`] },
    nodeGyp: join(repository, 'scripts', 'prebuild_builder.mjs'),
  });
  for (const file of packagedFiles[arch]) chmodSync(join(prebuilds, `win32-${arch}`, file), 0o644);
}
rmSync(work, { recursive: true, force: true });

const wanted = new Set(architectures.flatMap((arch) => packagedFiles[arch].map((file) => `win32-${arch}/${file}`)));
const found = sumsOf(prebuilds);
const wrong = differences(new Map([...wanted].map((path) => [path, ''])), new Map([...found.keys()].map((path) => [path, ''])));
if (wrong.length > 0) {
  process.stderr.write(`prebuild: ${wrong.join('; ')}\n`);
  process.exit(1);
}
writeSums(prebuilds, version);
process.stdout.write(readFileSync(join(prebuilds, 'SHA256SUMS'), 'utf8'));
