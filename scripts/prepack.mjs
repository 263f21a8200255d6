// Before npm packs: compiles the TypeScript, and refuses to pack what is not whole.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { differences, readSums, sumsOf } from './prebuilt_sums.mjs';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));
const folder = join(repository, 'prebuilds');
const recorded = readSums(folder);
const wrong =
  recorded === undefined
    ? ['there are none']
    : [
        ...(recorded.version === version ? [] : [`they are of ${recorded.version}, and this is ${version}`]),
        ...differences(recorded.sums, sumsOf(folder)),
      ];
if (wrong.length > 0) {
  process.stderr.write(`prepack: the prebuilt files are not what belongs into the package: ${wrong.join('; ')}. Run npm run prebuild.\n`);
  process.exit(1);
}
process.exit(spawnSync(process.execPath, [join(repository, 'scripts', 'build.mjs')], { stdio: 'inherit' }).status ?? 1);
