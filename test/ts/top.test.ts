// `top`: what keys do, what a frame is, and, in a terminal of Linux's, that the screen is given back as it was however it ends. The program
// that draws there has a machine that is made up; the rest is what runs on Windows.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { test } from 'uvu';
import * as assert from 'uvu/assert';

import { textWidth } from '../../ts/cli/text.js';
import { firstView, frame, keysOf, press, programRows, type Look, type View } from '../../ts/cli/top_view.js';
import { compareConnections, liveConnections } from '../../ts/connection_changes.js';
import type { Connection } from '../../ts/connections.js';
import { counters, type ProcessStats, type Stats } from '../../ts/stats.js';
import { repository } from '../support/artifacts.js';
import { sampleFacts } from './report_facts.js';

const sample = sampleFacts().connections.value?.connections ?? [];
const connection = (more: Partial<Connection>): Connection => ({ ...(sample[0] as Connection), ...more });
const counted = (processId: number, decisions: number, more: Partial<ProcessStats> = {}): ProcessStats => ({
  processId,
  image: `program${processId}.exe`,
  running: true,
  stats: { ...(Object.fromEntries(Object.keys(counters).map((name) => [name, 0])) as Stats), decidedSource: decisions },
  ...more,
});
const look = (time: number, more: Partial<Look> = {}): Look => ({ time, connections: sample, processes: null, opened: new Map(), ...more });

test('keys: what each does', () => {
  const after = (keys: string, from: View = firstView) => keysOf(keys).reduce(press, from);
  assert.is(after('q').ended, true);
  assert.is(after('\u0003').ended, true);
  assert.is(after('/\u0003').ended, true, 'also while a filter is typed');
  assert.equal(['', 's', 'ss', 'sss', 'ssss'].map((keys) => after(keys).order), ['decisions', 'opened', 'connections', 'name', 'decisions']);
  assert.equal([after('/chrom\r').filter, after('/chrom\r').typing], ['chrom', null]);
  assert.is(after('/ab\u007fc\r').filter, 'ac');
  assert.is(after('/q').ended, false);
  assert.is(after('/x\u001b').filter, '');
  assert.is(after('/x\r\u001b').filter, '');
  assert.is(after(' ').paused, true);
  assert.equal([after('\u001b[B\u001b[B\u001b[A').scrolled, after('\u001b[6~').scrolled, after('\u001b[A').scrolled], [1, 10, 0]);
  assert.is(after('/\u0007\u202e\u001b[Cx\r').filter, 'x', 'no control character gets into it');
  assert.equal(after('xyz\u001b[99~'), firstView);
});

test('a frame has as many lines as the terminal, none wider, whatever is in it', () => {
  const evil = '\u001b[2J\u001b]0;x\u0007\r\n程序.exe';
  const many = Array.from({ length: 300 }, (_, place) => connection({ localPort: place, image: place % 2 === 0 ? evil : `p${place}.exe`, processId: 100 + place }));
  for (const connections of [[], sample, many]) {
    for (const [columns, rows] of [[80, 24], [120, 50], [30, 8], [200, 3], [10, 1]] as const) {
      for (const view of [firstView, { ...firstView, scrolled: 1000 }, { ...firstView, typing: evil.replaceAll(/[^\w]/g, ''), filter: 'p' }]) {
        const lines = frame(view, look(0), look(1000, { connections }), { columns, rows }, false);
        assert.is(lines.length, rows, `${columns} x ${rows}`);
        for (const line of lines) {
          assert.ok(textWidth(line) <= columns, `${columns}: ${line}`);
          // eslint-disable-next-line no-control-regex
          assert.not.match(line, /[\u0000-\u001f\u007f-\u009f]/);
        }
      }
    }
  }
});

test('a frame shows programs in order, and the connections that fit the filter', () => {
  const connections = [
    connection({ image: 'a.exe', processId: 4 }),
    connection({ image: 'b.exe', processId: 8, localPort: 1 }),
    connection({ image: 'b.exe', processId: 8, localPort: 2 }),
  ];
  const before = look(0, { processes: [counted(4, 10), counted(8, 10)] });
  const now = look(2000, { connections, processes: [counted(4, 30), counted(8, 12)], opened: new Map([[8, 6]]) });
  const shown = (view: Partial<View>) => frame({ ...firstView, ...view }, before, now, { columns: 150, rows: 24 }, false).join('\n');
  assert.match(shown({}), /DECISIONS\/S\*[^]*a\.exe\[4\] +10 +0 +1\n[^]*b\.exe\[8\] +1\.0 +3\.0 +2\n/);
  assert.match(shown({ order: 'opened' }), /b\.exe\[8\][^]*a\.exe\[4\]/);
  assert.match(shown({ order: 'name' }), /PROGRAM\*[^]*a\.exe\[4\][^]*b\.exe\[8\]/);
  assert.match(shown({ filter: 'A.' }), /1 connections, 1 programs/);
  assert.not.match(shown({ filter: 'a.' }), /b\.exe/);
  assert.match(shown({ paused: true }), /PAUSED/);
  assert.match(frame(firstView, undefined, look(0), { columns: 100, rows: 24 }, false).join('\n'), /the LSP is not installed/);
});

test('rates: two looks, and counters that somebody has set back', () => {
  const rows = (before: Look | undefined, now: Look) => programRows(before, { ...now, connections: [] }).map(({ decisions }) => decisions);
  assert.equal(rows(undefined, look(0, { processes: [counted(4, 10)] })), [0]);
  assert.equal(rows(look(0, { processes: [counted(4, 10)] }), look(500, { processes: [counted(4, 20)] })), [20]);
  assert.equal(rows(look(0, { processes: [counted(4, 10)] }), look(500, { processes: [counted(4, 5)] })), [0]);
  assert.equal(rows(look(0, { processes: [] }), look(500, { processes: [counted(4, 5)] })), [0], 'what it counted before it was seen is no rate');
  assert.equal(rows(look(0), look(500, { processes: [counted(4, 5, { running: false })] })), []);
});

test('what has opened and closed between two tables', () => {
  const a = connection({ localPort: 1 });
  const b = connection({ localPort: 2, created: null });
  const now = new Date(0);
  const changes = (before: Connection[], after: Connection[]) =>
    compareConnections(liveConnections(before), liveConnections(after), now).map(({ change, connection: { localPort } }) => `${change} ${localPort}`);
  assert.equal(changes([a], [a, b]), ['opened 2']);
  assert.equal(changes([a, b], [b]), ['closed 1']);
  assert.equal(changes([a], [{ ...a, state: 'time_wait', processId: 0 }]), ['closed 1']);
  assert.equal(changes([a], [{ ...a, state: 'close_wait', processId: 0 }]), [], 'Windows knows its time: it is the same');
  assert.equal(changes([a], [{ ...a, created: new Date(5) }]), ['closed 1', 'opened 1']);
  assert.equal(changes([b], [{ ...b, processId: 9 }]), ['closed 2', 'opened 2']);
});

const take = '\u001b[?1049h';
const giveBack = '\u001b[?7h\u001b[?25h\u001b[?1049l';

/** A terminal of 100 columns and 30 rows with the driver in it. */
class InTerminal {
  output = '';
  readonly #child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(...parameters: string[]) {
    const command = `stty cols 100 rows 30; exec ${process.execPath} --import tsx test/ts/top_driver.ts ${parameters.join(' ')}`;
    this.#child = spawn('script', ['-qfec', command, '/dev/null'], { cwd: repository, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    this.ended = new Promise((resolve) => this.#child.on('close', resolve));
  }
  press(keys: string): void {
    this.#child.stdin?.write(keys);
  }
  /** The program in the terminal. */
  get pid(): number {
    const { stdout } = spawnSync('pgrep', ['-P', String(this.#child.pid)], { encoding: 'utf8' });
    return Number(stdout.trim().split('\n')[0]);
  }
  async shows(text: string): Promise<void> {
    for (const begun = Date.now(); !this.output.includes(text); await delay(20)) {
      if (Date.now() - begun > 30_000) throw new Error(`it did not show ${JSON.stringify(text)}: ${JSON.stringify(this.output.slice(-3000))}`);
    }
  }
}

if (!existsSync('/usr/bin/script')) test.skip('top in a terminal (there is no script: apt-get install bsdutils)', () => undefined);
else {
  const endings: readonly (readonly [how: string, end: (terminal: InTerminal) => void])[] = [
    ['q', (terminal) => terminal.press('q')],
    ['Ctrl+C', (terminal) => terminal.press('\u0003')],
    ['SIGTERM', (terminal) => process.kill(terminal.pid, 'SIGTERM')],
    ['SIGINT from elsewhere', (terminal) => process.kill(terminal.pid, 'SIGINT')],
  ];
  for (const [how, end] of endings) {
    test(`in a terminal, ended by ${how}: it gives the screen back as it was, and says nothing more`, async () => {
      const terminal = new InTerminal();
      await terminal.shows('winsock-lsp top');
      assert.ok(terminal.output.includes(take));
      assert.not.match(terminal.output, /\u001b\[\?1049l/);
      end(terminal);
      assert.is(await terminal.ended, 0);
      assert.ok(terminal.output.endsWith(giveBack), JSON.stringify(terminal.output.slice(-200)));
      assert.is(terminal.output.split(giveBack).length, 2);
    });
  }

  test('in a terminal, ended by a fault: it gives the screen back first', async () => {
    const terminal = new InTerminal('throw');
    await terminal.ended;
    const [drawn = '', after = ''] = terminal.output.split(giveBack);
    assert.match(drawn, /winsock-lsp top/);
    assert.match(after, /made to fail/);
  });

  test('in a terminal: keys change the picture at once, and it is redrawn in place', async () => {
    const terminal = new InTerminal();
    await terminal.shows('DECISIONS/S*');
    terminal.press('s');
    await terminal.shows('OPENED/S*');
    terminal.press('/outlook\r');
    await terminal.shows('filter: outlook');
    terminal.press('q');
    await terminal.ended;
    // Erased once, when it was taken; after that only what changes.
    assert.is(terminal.output.split('\u001b[2J').length, 2);
    const frames = terminal.output.split('\u001b[H').slice(1);
    assert.ok(frames.length >= 3);
    for (const each of frames.slice(0, -1)) assert.is(each.split('\r\n').length, 30);
  });
}

test('without a terminal it refuses, and says what is for scripts', () => {
  const driver = spawnSync(process.execPath, ['--import', 'tsx', 'test/ts/top_driver.ts'], { cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  assert.is.not(driver.status, 0);
  assert.match(driver.stderr, /connections --json/);
  assert.is(driver.stdout, '');
});

test.run();
