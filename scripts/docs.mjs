// `npm run docs`: the documentation as a static site in build/docs: the pages of docs/ and the TypeScript reference (TypeDoc), the
// C++ headers' reference (Doxygen), and the picture of docs/ from its source (Graphviz). A warning of any of them is an error.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const repository = fileURLToPath(new URL('..', import.meta.url));
const site = join(repository, 'build', 'docs');
const { version } = JSON.parse(readFileSync(join(repository, 'package.json'), 'utf8'));

function run(what, command, args, input) {
  const { status, error, stdout, stderr } = spawnSync(command, args, { cwd: repository, encoding: 'utf8', input });
  if (error || status !== 0 || /warning:/i.test(stderr)) {
    process.stderr.write(`docs: ${what} failed: ${error?.message ?? `${stdout}${stderr}`}\n`);
    process.exit(1);
  }
}

rmSync(site, { recursive: true, force: true });
mkdirSync(join(site, 'cpp'), { recursive: true });
run('drawing', 'dot', ['-Tsvg', '-o', join('docs', 'data_way.svg'), join('docs', 'data_way.dot')]);
const typedoc = join(dirname(createRequire(import.meta.url).resolve('typedoc/package.json')), 'bin', 'typedoc');
run('TypeDoc', process.execPath, [typedoc, '--out', site]);
const doxyfile = readFileSync(join(repository, 'docs', 'Doxyfile'), 'utf8');
mkdirSync(join(site, 'cpp'), { recursive: true });
run('Doxygen', 'doxygen', ['-'], `${doxyfile}\nOUTPUT_DIRECTORY = ${join(site, 'cpp')}\nPROJECT_NUMBER = ${version}\n`);
process.stdout.write(`${join(site, 'index.html')}\n`);
