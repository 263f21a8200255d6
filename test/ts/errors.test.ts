// Errors: their codes, which stand in several places, and what tells them apart. No Windows, no addon.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { ownCodes, windowsCodes } from '../../ts/error_codes.js';
import { AbortError, isLspError, LspError } from '../../ts/errors.js';
import { repository } from '../support/artifacts.js';

function textsBelow(folder: string, ending: RegExp): string[] {
  return readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && ending.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'));
}

test("Windows' codes are those that the C++ knows by name", () => {
  const names = readFileSync(join(repository, 'lsp-dll', 'system', 'error_names.cpp'), 'utf8');
  const known = [...names.matchAll(/NAMED\(([A-Z_]+)\)/g)].map(([, name]) => name ?? '');
  assert.ok(known.length > 100);
  assert.equal([...windowsCodes], known);
});

test("the package's own codes are those that the sources make errors with, and no others", () => {
  const texts = [...textsBelow('lsp-dll', /\.[ch]pp$/), ...textsBelow('binding', /\.[ch]pp$/), ...textsBelow('ts', /(?<!error_codes)\.ts$/)];
  const used = new Set(texts.flatMap((text) => [...text.matchAll(/["']((?:ERR|ABORT)_[A-Z0-9_]+)["']/g)].map(([, code]) => code ?? '')));
  // What the addon says of a cancellation; callers get ABORT_ERR.
  assert.ok(used.delete('ERR_ABORTED'));
  assert.equal([...ownCodes].sort(), [...used].sort());
});

test('an AbortError is what Node calls one, and an LspError', () => {
  const error = new AbortError('It was called off.', 'no more');
  assert.equal([error.name, error.code, error.cause], ['AbortError', 'ABORT_ERR', 'no more']);
  assert.ok(error instanceof LspError && isLspError(error));
  assert.match(error.stack ?? '', /^AbortError|^Error/);
});

test('isLspError knows the errors of another copy of the package, and nothing else', async () => {
  // Another copy, as a bundle has one: the query makes it another module.
  const copy = (await import(`../../ts/errors.js?copy=${Date.now()}`)) as typeof import('../../ts/errors.js');
  const foreign = new copy.LspError('x', { code: 'WSAEACCES' });
  assert.not.ok(foreign instanceof LspError);
  assert.ok(isLspError(foreign));
  for (const other of [new Error('x'), Object.assign(new Error('x'), { code: 'WSAEACCES' }), { code: 'WSAEACCES' }, null, undefined, 'x']) {
    assert.not.ok(isLspError(other));
  }
});

test.run();
