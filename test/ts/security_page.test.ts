// docs/security.md names, for each promise, the tests that show it: they exist under these names.
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { repository } from '../support/artifacts.js';

const tests = join(repository, 'test');
const files = readdirSync(tests, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && /\.(cpp|ts)$/.test(entry.name))
  .map((entry) => relative(tests, join(entry.path, entry.name)));

/** A file's text with its strings as they are at run time: C++'s adjacent literals are one, and a quote is a quote. */
function stringsOf(file: string): string {
  const text = readFileSync(join(tests, file), 'utf8');
  return text.replace(/"\s*\n\s*"/g, '').replace(/\\(['"`])/g, '$1').replace(/\\\\/g, '\\');
}

interface Reference {
  file: string;
  names: string[];
}

/** `file.cpp "test", "test"`, as the column "shown by" has it. */
function referencesIn(cell: string): Reference[] {
  return [...cell.matchAll(/([\w./]+\.(?:cpp|ts))((?:,? "[^"]+")*)/g)].map(([, file = '', names = '']) => ({
    file,
    names: [...names.matchAll(/"([^"]+)"/g)].map(([, name = '']) => name),
  }));
}

/** The last cells of the tables that have that column. */
function promises(page: string): string[] {
  const cells: string[] = [];
  let shown = false;
  for (const line of page.split('\n')) {
    if (!line.startsWith('|')) shown = false;
    else if (/\| shown by \|$/.test(line)) shown = true;
    else if (shown && !/^\|[-|]+$/.test(line)) cells.push(line.split(' | ').at(-1)?.replace(/ \|$/, '') ?? '');
  }
  return cells;
}

const page = readFileSync(join(repository, 'docs', 'security.md'), 'utf8');

test('every promise of docs/security.md names a test', () => {
  const all = promises(page);
  assert.ok(all.length > 40, `${all.length} promises`);
  assert.equal(all.filter((cell) => referencesIn(cell).length === 0), []);
});

test('every test that it names is there', () => {
  const missing: string[] = [];
  for (const { file, names } of promises(page).flatMap(referencesIn)) {
    const found = files.filter((each) => each === file || each.endsWith(`/${file}`));
    if (found.length !== 1) missing.push(`${file}: ${found.length} files of that name`);
    const text = found.map(stringsOf).join('\n');
    missing.push(...names.filter((name) => !text.includes(name)).map((name) => `${file} "${name}"`));
  }
  assert.equal(missing, []);
});

test('one that is not there would be noticed', () => {
  assert.equal(referencesIn('a_test.cpp "one", "two"; fuzz/b.ts'), [
    { file: 'a_test.cpp', names: ['one', 'two'] },
    { file: 'fuzz/b.ts', names: [] },
  ]);
  assert.not.ok(stringsOf('ts/security_page.test.ts').includes(['no such', 'test'].join(' ')));
});

test.run();
