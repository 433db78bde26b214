/** The style sheet of the HTML report. System fonts only: the file must read the same without any network. */
export const styleSheet = `
:root { color-scheme: light dark; --page: #fff; --ink: #1b1e23; --soft: #575d66; --rule: #d5d8dd; --band: #f4f5f7; --link: #2a4fa3; }
@media screen and (prefers-color-scheme: dark) {
  :root { --page: #15181c; --ink: #dfe2e6; --soft: #a0a7b0; --rule: #363b43; --band: #1d2126; --link: #9db7f0; }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--ink); font: 1rem/1.55 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; }
.page { max-width: 68rem; margin: 0 auto; padding: 2.5rem clamp(1rem, 4vw, 2.5rem) 3rem; }
h1, h2 { font-weight: 600; line-height: 1.25; text-wrap: balance; overflow-wrap: anywhere; }
h1 { font-size: clamp(1.45rem, 1.2rem + 1.4vw, 2rem); margin: 0; }
h2 { font-size: 1.25rem; margin: 2.6rem 0 .7rem; padding-top: .8rem; border-top: 1px solid var(--rule); }
p { max-width: 44rem; margin: .6rem 0; overflow-wrap: anywhere; }
a { color: var(--link); }
.subtitle { color: var(--soft); font-size: 1.08rem; margin-top: .35rem; }
nav ol { margin: 1.2rem 0 0; padding-left: 1.4rem; columns: 16rem; }
.scroll { overflow-x: auto; margin: 1rem 0 .4rem; max-width: 100%; }
.scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; border-top: 2px solid var(--ink); border-bottom: 2px solid var(--ink); font-variant-numeric: tabular-nums lining-nums; font-size: .95rem; }
th, td { padding: .35rem .9rem .35rem 0; text-align: left; vertical-align: baseline; white-space: nowrap; }
th:last-child, td:last-child { padding-right: .2rem; }
thead th { border-bottom: 1px solid var(--ink); font-weight: 600; }
tbody tr + tr > * { border-top: 1px solid var(--rule); }
tbody th { font-weight: 400; }
th.n, td.n { text-align: right; }
.note, figcaption { color: var(--soft); font-size: .9rem; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 26rem), 1fr)); gap: 1.6rem 2rem; margin: 1.2rem 0; align-items: start; }
figure { margin: 0; min-width: 0; max-width: 40rem; }
figure svg { display: block; width: 100%; height: auto; }
figcaption { margin-top: .4rem; overflow-wrap: anywhere; }
pre { overflow-x: auto; background: var(--band); border-left: 3px solid var(--rule); padding: .8rem 1rem; margin: 1rem 0; }
pre, code, dd { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .86rem; line-height: 1.5; tab-size: 2; }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .2rem 1.4rem; margin: 1rem 0; max-width: 56rem; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; align-self: center; }
footer { margin-top: 3rem; font-size: .95rem; }
@media (max-width: 34rem) {
  .page { padding-top: 1.5rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: .5rem; }
}
@media print {
  :root { color-scheme: light; }
  body { font-size: 10pt; }
  .page { max-width: none; padding: 0; }
  nav { display: none; }
  .scroll, pre { overflow: visible; }
  pre { white-space: pre-wrap; }
  th, td { white-space: normal; }
  h2 { break-after: avoid; }
  figure, tr, dl { break-inside: avoid; }
  svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`.trim();
