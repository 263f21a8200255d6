/** Reading TAP, versions 12 to 14, as far as the suites here write it. */

export interface TapReport {
  passed: number;
  failed: number;
  skipped: number;
  /** What failed, by its line. */
  failures: string[];
  /** Whether there was a plan and it was kept: without that, results are missing. */
  complete: boolean;
}

export function readTap(text: string): TapReport {
  const report: TapReport = { passed: 0, failed: 0, skipped: 0, failures: [], complete: false };
  let planned: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    const plan = line.match(/^1\.\.(\d+)/);
    if (plan !== null) planned = Number(plan[1]);
    const result = line.match(/^(not )?ok\b(.*)/);
    if (result === null) continue;
    if (/#\s*skip/i.test(result[2] ?? '')) {
      report.skipped += 1;
    } else if (result[1] === undefined) {
      report.passed += 1;
    } else {
      report.failed += 1;
      report.failures.push(line);
    }
  }
  report.complete = planned !== undefined && planned > 0 && planned === report.passed + report.failed + report.skipped;
  return report;
}
