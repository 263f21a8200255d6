/** doctest programs as uvu tests: the program runs once, and each of its test cases becomes a test of its own. */

import * as assert from 'uvu/assert';
import type { Test } from 'uvu';

import type { Completed } from './wine.js';

interface TestCase {
  name: string;
  failures: string[];
}

function unescape(text: string): string {
  const entities: Record<string, string> = { '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'", '&amp;': '&' };
  return text.replace(/&(lt|gt|quot|apos|amp);/g, (entity) => entities[entity] ?? entity);
}

/** Reads doctest's JUnit report. */
export function readReport(xml: string): TestCase[] {
  return [...xml.matchAll(/<testcase [^>]*?name="([^"]*)"[^>]*?(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(
    ([, name = '', body = '']) => ({
      name: unescape(name),
      failures: [...body.matchAll(/<(?:failure|error)[^>]*>([\s\S]*?)<\/(?:failure|error)>/g)].map(([, text = '']) =>
        unescape(text.replace(/<!\[CDATA\[|\]\]>/g, '')).trim(),
      ),
    }),
  );
}

/**
 * Runs a doctest program with `run`, which gets the options to pass on, and registers its test cases. A program that does
 * not finish its report is a failed test too.
 */
export async function addDoctests(
  test: Test,
  title: string,
  run: (options: string[]) => Promise<Completed>,
): Promise<void> {
  let outcome: Completed | Error;
  try {
    outcome = await run(['--reporters=junit', '--no-version', '--no-path-filenames=true']);
  } catch (error) {
    outcome = error instanceof Error ? error : new Error(String(error));
  }
  const { code, stdout, stderr } = outcome instanceof Error ? { code: -1, stdout: '', stderr: outcome.message } : outcome;
  const cases = readReport(stdout);
  for (const each of cases) {
    test(`${title}: ${each.name}`, () => {
      assert.equal(each.failures, [], each.failures.join('\n'));
    });
  }
  test(`${title}: ran to its end`, () => {
    const complete = /<\/testsuites>/.test(stdout) && cases.length > 0;
    assert.ok(complete, `ended with code ${code} and no complete report:\n${stdout.slice(-3000)}${stderr.slice(-3000)}`);
    const failed = cases.filter(({ failures }) => failures.length > 0).length;
    assert.is(code === 0, failed === 0, `ended with code ${code}, but ${failed} test cases failed`);
  });
}
