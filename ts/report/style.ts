/** The page's only style. No url(), no @import: the page's policy would not load them. */
export const style = `
:root { color-scheme: light dark; --ground: #fff; --card: #f6f7f9; --text: #1d2127; --faint: #5d6673; --line: #d5dae1; --ours: #0b6b4f; --ours-ground: #dff3ea;
  --error: #b3261e; --error-ground: #fbe4e2; --warning: #8a5a00; --warning-ground: #fdf0d5; --info: #1b5fa8; --info-ground: #e2eefb; --keep: #8b95a3; --source: #14805e; --through: #2f6fb5; --socks5: #8b4fb0; --refuse: #c4443a; }
@media (prefers-color-scheme: dark) { :root { --ground: #14171b; --card: #1d2127; --text: #e6e9ee; --faint: #9aa4b2; --line: #363d47; --ours: #6fd6ae; --ours-ground: #143a2d;
  --error: #ff9d94; --error-ground: #461b18; --warning: #f3c46b; --warning-ground: #3d2e0d; --info: #8fc1f7; --info-ground: #152f4b; --keep: #7d8794; --source: #3fbf90; --through: #6fa8e8; --socks5: #c58be6; --refuse: #e5776e; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 1.5rem 1rem 4rem; max-width: 84rem; background: var(--ground); color: var(--text); font: 15px/1.5 "Segoe UI", system-ui, sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.25rem 0 .75rem; } h3 { font-size: 1rem; margin: 1.25rem 0 .5rem; }
p { margin: .4rem 0; } .faint { color: var(--faint); } code, .mono { font: 13px/1.45 Consolas, "Cascadia Mono", "DejaVu Sans Mono", monospace; overflow-wrap: anywhere; }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); gap: .75rem; margin-top: 1.25rem; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; }
.card b { display: block; font-size: 1.35rem; line-height: 1.3; } .card span { color: var(--faint); font-size: .85rem; }
.finding { border-left: .25rem solid var(--line); background: var(--card); padding: .5rem .8rem; margin: .5rem 0; border-radius: 0 .4rem .4rem 0; overflow-wrap: anywhere; }
.finding.error { border-color: var(--error); } .finding.warning { border-color: var(--warning); } .finding.info { border-color: var(--info); }
.tag { display: inline-block; padding: 0 .45rem; border-radius: .6rem; font-size: .8rem; background: var(--line); white-space: nowrap; }
.tag.error { color: var(--error); background: var(--error-ground); } .tag.warning, .tag.stale { color: var(--warning); background: var(--warning-ground); }
.tag.info { color: var(--info); background: var(--info-ground); } .tag.ours, .tag.current { color: var(--ours); background: var(--ours-ground); }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .5rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
th { background: var(--card); font-weight: 600; white-space: nowrap; } tr:last-child td { border-bottom: 0; } td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
td.mono { white-space: nowrap; } td.rule { min-width: 14rem; white-space: normal; }
.trees { display: flex; flex-wrap: wrap; gap: .75rem; align-items: flex-end; } .trees svg { max-width: 100%; height: auto; background: var(--card); border: 1px solid var(--line); border-radius: .5rem; }
svg text { fill: var(--text); font: 11px "Segoe UI", system-ui, sans-serif; } svg text.small { fill: var(--faint); font-size: 10px; } svg text.name { font-weight: 600; }
svg .box { fill: var(--ground); stroke: var(--line); } svg .ours { fill: var(--ours-ground); stroke: var(--ours); } svg .broken { fill: var(--error-ground); stroke: var(--error); stroke-dasharray: 4 3; }
svg .used { stroke-width: 2; } svg .edge { fill: none; stroke: var(--faint); } svg .arrow { fill: var(--faint); }
.plot svg { display: block; width: 100%; height: 9rem; } .plot { border: 1px solid var(--line); border-radius: .5rem; padding: .6rem .8rem; background: var(--card); }
svg .keep { fill: var(--keep); } svg .source { fill: var(--source); } svg .through { fill: var(--through); } svg .socks5 { fill: var(--socks5); } svg .refuse { fill: var(--refuse); } svg .grid { stroke: var(--line); }
.axis { display: flex; justify-content: space-between; color: var(--faint); font-size: .8rem; } .legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; margin-bottom: .4rem; font-size: .85rem; }
.legend svg { display: inline-block; width: .75rem; height: .75rem; vertical-align: baseline; margin-right: .35rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; margin: 0; } dt { color: var(--faint); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { body { padding: 1rem .6rem 3rem; } .scroll table { min-width: 44rem; } dl { grid-template-columns: 1fr; } dd { margin-bottom: .4rem; } }
@media print { .scroll { overflow: visible; } .finding, .trees svg { break-inside: avoid; } }
`;
