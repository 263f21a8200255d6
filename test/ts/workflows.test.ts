// The CI's workflows: no action by a tag that somebody can move, and no job that has more than it needs.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { repository } from '../support/artifacts.js';

const folder = join(repository, '.github', 'workflows');
const workflows = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')] as const);

/** The jobs' texts by name: what is indented by two below `jobs:`. */
function jobsOf(text: string): Map<string, string> {
  const [, jobs = ''] = text.split(/^jobs:\n/m);
  const parts = jobs.split(/^ {2}(?=[a-z][\w-]*:$)/m).slice(1);
  return new Map(parts.map((part) => [part.slice(0, part.indexOf(':')), part]));
}

test('every action is pinned by commit, with its tag beside it', () => {
  let actions = 0;
  for (const [name, text] of workflows) {
    for (const [line, action = ''] of text.matchAll(/^.*uses: *(.*)$/gm)) {
      assert.match(action, /^[\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${name}: ${line.trim()}`);
      ++actions;
    }
  }
  assert.ok(actions > 5, `${actions} actions`);
});

test('of the release, no job that has a secret runs packages\' code, and none has two of: sign key, token to publish, right to write', () => {
  const text = workflows.find(([name]) => name === 'release.yml')?.[1] ?? '';
  const jobs = jobsOf(text);
  assert.equal([...jobs.keys()], ['verify', 'sign', 'pack', 'publish', 'release']);
  assert.match(text, /^permissions: \{\}$/m);
  const powers = [/secrets\.SIGN_/, /secrets\.NPM_TOKEN|id-token: write/, /contents: write/];
  const held = [...jobs].map(([name, job]) => [name, powers.map((power) => power.test(job))] as const);
  assert.equal(held.map(([name, has]) => [name, has.filter(Boolean).length]), [
    ['verify', 0],
    ['sign', 1],
    ['pack', 0],
    ['publish', 1],
    ['release', 1],
  ]);
  for (const [name, has] of held) {
    if (has.some(Boolean)) assert.not.match(jobs.get(name) ?? '', /npm (ci|install)|verify-prebuilds|npm pack/, name);
  }
});

test.run();
