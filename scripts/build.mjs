// Compiles ts/ to ES modules (dist/esm), which Node's `require` loads too, and its declarations once more for TypeScript that takes them
// for CommonJS (dist/cjs). Each folder says in a package.json of its own which it is. `--out FOLDER`: dist/ there; in the repository by default.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const repository = fileURLToPath(new URL('..', import.meta.url));
const { out } = parseArgs({ options: { out: { type: 'string', default: repository } } }).values;
const dist = join(resolve(out), 'dist');
const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');

// Of files that are no longer in ts/ nothing may stay.
rmSync(dist, { recursive: true, force: true });
for (const { folder, type } of [
  { folder: 'esm', type: 'module' },
  { folder: 'cjs', type: 'commonjs' },
]) {
  const { status, error } = spawnSync(process.execPath, [compiler, '-p', `tsconfig.${folder}.json`, '--outDir', join(dist, folder)], {
    cwd: repository,
    stdio: 'inherit',
  });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
  writeFileSync(join(dist, folder, 'package.json'), `${JSON.stringify({ type })}\n`);
}
chmodSync(join(dist, 'esm', 'cli', 'main.js'), 0o755);
