/** Decisions over the last minutes: bars by verdict. */

import type { Decision } from '../stats.js';
import { html, type Content, type Html } from './html.js';

const minutes = 10;
const binMilliseconds = 15_000;
const bins = (minutes * 60_000) / binMilliseconds;
const verdicts = [
  ['keep', 'left alone'],
  ['source', 'given a source'],
  ['through', 'sent through an interface'],
  ['socks5', 'led to a proxy'],
  ['refuse', 'refused'],
] as const;
/** Of the picture, which is stretched. */
const height = 100;
const barWidth = 10;

type Verdict = Decision['verdict'];

/** How many of each verdict in each of the bins, oldest first. */
export function binDecisions(decisions: readonly Pick<Decision, 'time' | 'verdict'>[], now: Date): Record<Verdict, number>[] {
  const counts = Array.from({ length: bins }, () => ({ keep: 0, source: 0, through: 0, socks5: 0, refuse: 0 }) as Record<Verdict, number>);
  for (const { time, verdict } of decisions) {
    const bin = bins - 1 - Math.floor((now.getTime() - time.getTime()) / binMilliseconds);
    const count = counts[bin];
    if (count !== undefined && count[verdict] !== undefined) count[verdict] += 1;
  }
  return counts;
}

export function decisionPlot(decisions: readonly Decision[], now: Date): Html {
  const counts = binDecisions(decisions, now);
  const most = Math.max(1, ...counts.map((count) => verdicts.reduce((sum, [verdict]) => sum + count[verdict], 0)));
  const bars = counts.flatMap((count, place) => {
    let below = 0;
    return verdicts.map(([verdict, name]): Content => {
      if (count[verdict] === 0) return null;
      const tall = (count[verdict] / most) * height;
      below += tall;
      return html`<rect class="${verdict}" x="${place * barWidth + 1}" y="${(height - below).toFixed(2)}" width="${barWidth - 2}" height="${tall.toFixed(2)}"><title>${count[verdict]} ${name}</title></rect>`;
    });
  });
  const legend = verdicts.map(([verdict, name]) => html`<span><svg viewBox="0 0 1 1" aria-hidden="true"><rect class="${verdict}" width="1" height="1"/></svg>${name}</span>`);
  const shown = counts.reduce((sum, count) => sum + verdicts.reduce((all, [verdict]) => all + count[verdict], 0), 0);
  return html`<div class="plot"><div class="legend">${legend}<span class="faint">highest: ${most} in ${binMilliseconds / 1000} s</span></div><svg viewBox="0 0 ${bins * barWidth} ${height}" preserveAspectRatio="none" role="img" aria-label="${shown} decisions in the last ${minutes} minutes"><line class="grid" x1="0" y1="0.5" x2="${bins * barWidth}" y2="0.5"/><line class="grid" x1="0" y1="50" x2="${bins * barWidth}" y2="50"/><line class="grid" x1="0" y1="99.5" x2="${bins * barWidth}" y2="99.5"/>${bars}</svg><div class="axis"><span>${minutes} min before</span><span>5 min before</span><span>now</span></div></div>`;
}
