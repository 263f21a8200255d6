/** `npm run demo`: the scenario of test/e2e, and the table of what the target saw. Needs root; cleans up after itself. */

import { missingForNetwork } from '../test/e2e/namespaces.js';
import { moments, runScenario, type ScenarioResult } from '../test/e2e/scenario.js';
import { missingForOpenVpn, nodeExecutables } from '../test/support/artifacts.js';

const missing = missingForNetwork() ?? missingForOpenVpn();
if (missing !== undefined) {
  console.error(`cannot run the demo: ${missing}`);
  process.exit(2);
}

const began = Date.now();
const result = await runScenario({
  nodeExecutables: nodeExecutables(),
  log: (text) => console.log(`${((Date.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`),
});
print(result);
process.exitCode = result.right ? 0 : 1;

function print({ rows, wayBack, pluginLine, pluginLog, right }: ScenarioResult): void {
  console.log(`\nIn openvpn.exe's configuration:\n\n  ${pluginLine}\n\nWhat its log has of the plugin:\n`);
  console.log(pluginLog.trimEnd().replaceAll(/^/gm, '  '));

  console.log('\nWhich source address the target 1.2.3.4 saw:\n');
  printTable(
    ['program', 'exchange', ...moments.map((moment) => `${moment} the LSP`), ''],
    rows.map((row) => [
      row.program,
      row.exchange,
      ...moments.map((moment) => row.seen[moment] ?? '(not started)'),
      row.right ? 'ok' : 'WRONG',
    ]),
  );

  console.log('\nThe way back: the target opens a TCP connection to 11.22.33.44, with no address translation anywhere:\n');
  printTable(
    ['server program', 'reached', 'saw come', 'packets out of the tunnel', ''],
    wayBack.map((row) => [row.program, row.reached, row.visitor, String(row.tunnelPackets), row.right ? 'ok' : 'WRONG']),
  );
  console.log(right ? '\nAll as it should be.' : '\nSomething is wrong: see the rows marked so.');
}

function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) => `  ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`;
  console.log(line(header).trimEnd());
  console.log(line(widths.map((width) => '-'.repeat(width))).trimEnd());
  for (const row of rows) console.log(line(row).trimEnd());
}
