import { doctor as examine, type DoctorReport, type Finding } from '../index.js';
import type { Command } from './command.js';
import { eventText } from './history.js';
import { interruptible } from './interrupt.js';
import { paint, type Style, type Terminal } from './terminal.js';
import { printable } from './text.js';

const styles: Readonly<Record<Finding['severity'], Style>> = { error: 'fault', warning: 'warning', info: 'note' };

function findingText({ code, severity, message, remedy, event }: Finding, terminal: Terminal): string {
  return [
    `${paint(terminal, styles[severity], severity)} ${code}: ${message}`,
    ...(event === null ? [] : [`  ${printable(eventText(event))}`]),
    ...(remedy === '' ? [] : [`  ${remedy}`]),
  ].join('\n');
}

function reportText({ healthy, installed, findings, fixed, failed }: DoctorReport, terminal: Terminal): string {
  const state = installed ? 'The LSP is installed' : 'The LSP is not installed';
  return [
    ...fixed.map(({ code, message }) => `${paint(terminal, 'ours', 'fixed')} ${code}: ${message}`),
    ...failed.map(({ finding, error }) => `${paint(terminal, 'fault', 'not fixed')} ${finding.code}: ${error.message}`),
    ...findings.map((finding) => findingText(finding, terminal)),
    ...(healthy ? [paint(terminal, 'ours', `OK: ${state}, and nothing is wrong.`)] : []),
  ].join('\n');
}

export const doctor: Command = {
  name: 'doctor',
  options: { fix: { help: 'mend what can be mended safely; needs an elevated prompt' } },
  summary: 'Find what is wrong, explain it, and mend it',
  examples: [
    ['doctor', 'what is wrong, and what to do about it'],
    ['doctor --fix', 'and do it, where that is safe'],
  ],
  exitCodes: ['accessDenied', 'readbackMismatch', 'conflict', 'findings'],
  details:
    'Looks at both catalogs and their DLLs, the published tunnels and the host model, the plugin folder of OpenVPN, and at what keeps\n' +
    'LSPs out of programs. Ends with 8 if an error or a warning is left. docs/recovery.md explains each finding.',
  changes: (input) => input.flag('fix'),
  async run(input) {
    const report = await interruptible((signal) => examine({ fix: input.flag('fix'), trustSource: input.flag('trust-source'), signal }));
    return {
      data: report,
      text: (terminal) => reportText(report, terminal),
      exitCode: report.healthy ? 'success' : 'findings',
    };
  },
};
