// The report as a page: whatever others wrote into catalog, rules, names and paths stays text; nothing is loaded, nothing runs; who uses the
// machine is left out. No Windows, no addon; a real HTML parser, where Chromium is installed.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { binDecisions } from '../../ts/report/decision_plot.js';
import { escape, html } from '../../ts/report/html.js';
import { reportPage } from '../../ts/report/page.js';
import { redactor } from '../../ts/report/privacy.js';
import { reportTime, sampleFacts } from './report_facts.js';

const hostile = `"'><script>alert(1)</script><img src=x onerror=alert(1)>&lt;</style><!--\u0000\u001b[2J\u202e\ud800`;
const elements = new Set(
  'html head meta title style body section h1 h2 h3 p b span div table thead tbody tr th td svg rect text path g line code'.split(' '),
);
const attributes = /^(?:class|lang|charset|http-equiv|content|name|role|width|height|viewbox|aria-label|aria-hidden|xmlns|x|y|x1|x2|y1|y2|rx|d|preserveaspectratio)$/i;

/** As a browser reads our own page: every tag with its attributes in double quotes. */
function tagsOf(page: string): { name: string; attributes: string[] }[] {
  const body = page.replace(/<style>[^]*?<\/style>/, '');
  return Array.from(body.matchAll(/<([a-z][a-z0-9]*)((?:\s+[\w:-]+="[^"]*")*)\s*\/?>/gi), ([, name = '', text = '']) => ({
    name: name.toLowerCase(),
    attributes: Array.from(text.matchAll(/([\w:-]+)="/g), ([, attribute = '']) => attribute),
  }));
}

test('what is put into a template is text', () => {
  assert.is(html`<p title="${'"><b>'}">${'<i>&'}${[html`<b>${1}</b>`, null, "'`"]}</p>`.text, '<p title="&quot;&gt;&lt;b&gt;">&lt;i&gt;&amp;<b>1</b>&#39;&#96;</p>');
  assert.is(escape('\u0000\u001b\u202ea\ud800'), '\ufffd\ufffd\ufffda\ufffd');
});

test('nothing that others wrote becomes an element, an attribute or a script', () => {
  for (const full of [false, true]) {
    const page = reportPage(sampleFacts(hostile), { full });
    assert.is(page.match(/<style>/g)?.length, 1);
    assert.is(page.match(/<\/style>/g)?.length, 1);
    assert.not.match(page, /<script|<img|<!--|javascript:|<link|<iframe|<object|<base/i);
    // eslint-disable-next-line no-control-regex
    assert.not.match(page, /[\u0000-\u0009\u000b-\u001f\u202e]/);
    const tags = tagsOf(page);
    assert.is(tags.length, page.replace(/<style>[^]*?<\/style>/, '').match(/<[a-z]/gi)?.length, 'a "<" is a tag of ours');
    for (const { name, attributes: given } of tags) {
      assert.ok(elements.has(name) || name === 'title', name);
      for (const attribute of given) assert.match(attribute, attributes);
    }
  }
});

test('its policy allows its own style and nothing else, and the page needs nothing else', () => {
  const page = reportPage(sampleFacts(), { full: true });
  const style = page.match(/<style>([^]*?)<\/style>/)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  assert.ok(page.includes(`content="default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'"`));
  assert.not.match(style, /url\(|@import|</);
  assert.not.match(page.replaceAll('http://www.w3.org/2000/svg', ''), /\b(?:https?:)?\/\/|\bsrc=|\bhref=|\bstyle=|\son\w+=/i);
  assert.match(style, /prefers-color-scheme: dark/);
});

test('who uses the machine is left out, unless it is to be full', () => {
  const secrets = [/\bbob\b/i, /alice/i, /BOBS-LAPTOP/i, /682003330/, /hunter2/, /bobs-login/];
  const page = reportPage(sampleFacts(), { full: false });
  for (const secret of secrets) assert.not.match(page, secret);
  const full = reportPage(sampleFacts(), { full: true });
  for (const secret of secrets) assert.match(full, secret);
});

test('what is left out of a text, and what stays', () => {
  const redact = redactor({ user: 'bob', computer: 'PC7', domains: ['CORP', ''] });
  const situations = [
    ['C:\\Users\\bob smith\\app.exe', 'C:\\Users\\(user)\\app.exe'],
    ['C:\\Users\\Public\\app.exe', 'C:\\Users\\Public\\app.exe'],
    ['d:/users/Eve/x', 'd:/users/(user)/x'],
    ['C:\\Documents and Settings\\Eve\\x.dll', 'C:\\Documents and Settings\\(user)\\x.dll'],
    ['CORP\\eve can write it, and PC7\\mallory', '(user) can write it, and (user)'],
    ['BUILTIN\\Users can write it', 'BUILTIN\\Users can write it'],
    ['S-1-5-21-1-2-3-1001, S-1-12-1-5-6, S-1-5-18', 'S-1-5-21-(user), S-1-5-21-(user), S-1-5-18'],
    ['Bob on pc7', '(left out) on (left out)'],
    ['bob.exe, bobcat, x-bob', 'bob.exe, bobcat, x-bob'],
    ['socks5 1.2.3.4:1080 login "my name" otherwise refuse', 'socks5 1.2.3.4:1080 login (left out) otherwise refuse'],
  ] as const;
  for (const [text, expected] of situations) assert.is(redact(text), expected);
});

test('decisions are counted into the last ten minutes, a quarter of a minute each', () => {
  const none = { keep: 0, source: 0, through: 0, socks5: 0, refuse: 0 };
  const at = (secondsAgo: number, verdict: keyof typeof none) => ({ time: new Date(reportTime.getTime() - secondsAgo * 1000), verdict });
  const bins = binDecisions([at(0, 'keep'), at(0, 'through'), at(3, 'socks5'), at(14, 'source'), at(15, 'keep'), at(599, 'keep'), at(601, 'keep'), at(-60, 'keep')], reportTime);
  assert.is(bins.length, 40);
  assert.equal(bins.at(-1), { ...none, keep: 1, source: 1, through: 1, socks5: 1 });
  assert.equal(bins.at(-2), { ...none, keep: 1 });
  assert.equal(bins[0], { ...none, keep: 1 });
});

test('ten thousand connections make a page that a mail can hold', () => {
  const facts = sampleFacts();
  const one = facts.connections.value?.connections[0];
  assert.ok(one !== undefined && facts.connections.value !== null);
  facts.connections.value.connections = Array.from({ length: 10_000 }, (_, place) => ({ ...one, localPort: place, standing: place === 9_999 ? 'stale' : 'current' }));
  const begun = performance.now();
  const page = reportPage(facts, { full: false });
  const taken = performance.now() - begun;
  assert.ok(page.length < 1_000_000, `${page.length}`);
  assert.match(page, /And 9500 more/);
  assert.match(page, /11\.22\.33\.44:9999/, 'what is stale comes first');
  assert.ok(taken < 5000, `${taken} ms`);
});

const chromium = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
if (chromium === undefined) test.skip('a browser makes of it what we wrote (there is no Chromium: apt-get install chromium)', () => undefined);
else {
  test('a browser makes of it what we wrote, and takes offence at nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'winsock-lsp-report-'));
    try {
      const file = join(folder, 'report.html');
      writeFileSync(file, reportPage(sampleFacts(hostile), { full: true }));
      const options = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, 'profile')}`, '--enable-logging=stderr', '--dump-dom', `file://${file}`];
      const { stdout, stderr, status } = spawnSync(chromium, options, { encoding: 'utf8', timeout: 90_000 });
      assert.is(status, 0, stderr.slice(-2000));
      assert.not.match(stderr, /Content Security Policy|Refused to/);
      const seen = tagsOf(stdout);
      const wrote = tagsOf(readFileSync(file, 'utf8'));
      assert.equal(seen.map(({ name }) => name), wrote.map(({ name }) => name));
      assert.ok(seen.length > 500);
    } finally {
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    }
  });
}

test.run();
