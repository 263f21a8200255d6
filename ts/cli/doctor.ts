import { doctor as examine, type DoctorReport, type Finding } from '../index.js';
import type { Command } from './command.js';

const colours = { error: 31, warning: 33, info: 36, green: 32 } as const;

/** Coloured on a terminal that wants colours. */
function paint(colour: keyof typeof colours, text: string): string {
  const wanted = process.stdout.isTTY && (process.env.NO_COLOR ?? '') === '';
  return wanted ? `\u001b[${colours[colour]}m${text}\u001b[0m` : text;
}

function findingText({ code, severity, message, remedy }: Finding): string {
  return [`${paint(severity, severity)} ${code}: ${message}`, ...(remedy === '' ? [] : [`  ${remedy}`])].join('\n');
}

function reportText({ healthy, installed, findings, fixed, failed }: DoctorReport): string {
  const state = installed ? 'The LSP is installed' : 'The LSP is not installed';
  return [
    ...fixed.map(({ code, message }) => `${paint('green', 'fixed')} ${code}: ${message}`),
    ...failed.map(({ finding, error }) => `${paint('error', 'not fixed')} ${finding.code}: ${error.message}`),
    ...findings.map(findingText),
    ...(healthy ? [paint('green', `OK: ${state}, and nothing is wrong.`)] : []),
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
  async run(input) {
    const report = await examine({ fix: input.flag('fix') });
    return {
      data: report,
      text: reportText(report),
      exitCode: report.healthy ? 'success' : 'findings',
    };
  },
};
