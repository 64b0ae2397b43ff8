/** The style sheet of a report: light, dark and print. */
import { FONT } from '../plot/chart'
import { colourProperties, darkColours, lightColours } from '../plot/colours'

/** The style sheet as text. */
export function styleSheet(): string {
  return `
:root{color-scheme:light dark;${colourProperties(lightColours)};
--good:#00795a;--bad:#b3400a;--heat:213,94,0;--font:${FONT};--mono:ui-monospace,"SF Mono","Cascadia Mono",Menlo,Consolas,monospace}
@media (prefers-color-scheme:dark){:root{${colourProperties(darkColours)};
--good:#4fd0a5;--bad:#f29a5c;--heat:240,138,60}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 var(--font);-webkit-font-smoothing:antialiased}
main,header,footer{max-width:1080px;margin:0 auto;padding:0 28px}
header{padding-top:44px}
h1{font-size:30px;line-height:1.2;letter-spacing:-.02em;margin:0 0 6px;font-weight:680}
h2{font-size:19px;letter-spacing:-.01em;margin:0 0 2px;font-weight:640}
p{margin:0 0 10px;max-width:76ch}
.lead{font-size:16.5px;color:var(--soft)}
.note{color:var(--soft);font-size:13.5px}
.plain{font-weight:400}
section{margin:26px 0;padding:22px 24px 18px;background:var(--card);border:1px solid var(--line);border-radius:12px;break-inside:avoid}
section>p:first-of-type{color:var(--soft);font-size:14px;margin-bottom:14px}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(170px,1fr));gap:14px;margin:26px 0 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:14px 16px}
.tiles .k{font-size:12.5px;color:var(--soft)}
.tiles .v{font-size:26px;line-height:1.25;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}
.tiles .s{font-size:12.5px;color:var(--soft)}
figure{margin:0}
svg{display:block;width:100%;height:auto;overflow:visible;font-family:var(--font)}
svg text{fill:var(--soft);font-size:12px}
svg .strong{fill:var(--ink);font-weight:600}
.legend{display:flex;flex-wrap:wrap;gap:4px 20px;margin:2px 0 8px;padding:0;list-style:none;font-size:13px}
.legend li{display:flex;align-items:center;gap:7px}
.legend svg{width:26px;height:12px;flex:none}
.scroll{overflow-x:auto}
svg.chart{min-width:760px}
table{border-collapse:collapse;width:100%;font-size:13.5px;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:13px;padding:0 0 8px}
caption span{display:inline-block;position:sticky;left:0;max-width:min(100%,78vw)}
th,td{padding:6px 10px;text-align:left;border-bottom:1px solid var(--line);vertical-align:baseline}
thead th{font-weight:600;color:var(--soft);font-size:12.5px;white-space:nowrap}
tbody th{font-weight:550;position:sticky;left:0;background:var(--card);overflow-wrap:anywhere;min-width:min(15em,42vw)}
tbody th.n{min-width:0;width:1%}
th .mono{font-weight:400}
tr:last-child>*,tr.said>*{border-bottom:0}
tr.words td{padding-top:0;color:var(--soft)}
tr.words span{display:inline-block;position:sticky;left:10px;max-width:min(100%,78vw);overflow-wrap:anywhere}
.n{text-align:right;white-space:nowrap}
td.heat{text-align:center;border:2px solid var(--card);border-radius:6px;padding:7px 4px;min-width:54px}
td.heat b{font-weight:650}
th.heat{text-align:center}
.badge{display:inline-block;min-width:20px;padding:0 5px;border-radius:99px;text-align:center;color:var(--card);font-size:11.5px;font-weight:700;line-height:20px}
table.heat th{border-bottom:0}
.tag{display:inline-block;padding:1px 9px;border-radius:99px;border:1px solid var(--line);font-size:12px;white-space:nowrap}
.tag.good{color:var(--good);border-color:currentColor}.tag.bad{color:var(--bad);border-color:currentColor}
.nowrap{white-space:nowrap}
.mono{font-family:var(--mono);font-size:12.5px}
.good{color:var(--good)}.bad{color:var(--bad)}
footer{color:var(--soft);font-size:12.5px;padding-bottom:44px}
a{color:var(--a)}
h3{font-size:15.5px;margin:0 0 6px;font-weight:600;overflow-wrap:anywhere}
.failure{border-left:3px solid var(--bad);padding:2px 0 2px 16px;margin:0 0 22px}
.share{display:inline-block;vertical-align:middle;width:72px;height:7px;border-radius:4px;background:linear-gradient(to right,var(--bad) var(--share),var(--line) var(--share))}
.samples{max-width:620px;margin:0 0 12px}
.findings{list-style:none;margin:0;padding:0;font-size:14px}
.findings li{display:grid;grid-template-columns:minmax(0,1.1fr) 76px minmax(0,1.8fr) minmax(0,2.4fr);gap:4px 16px;align-items:baseline;padding:8px 0;border-top:1px solid var(--line);overflow-wrap:anywhere}
.findings.met li{grid-template-columns:76px minmax(0,2fr) minmax(0,1.4fr)}
.findings li>.tag{justify-self:start}
.findings li:first-child{border-top:0}
@media (max-width:640px){thead th,thead th.n{white-space:normal}.findings li,.findings.met li{display:block}.findings li>*{display:block;margin:0 0 4px}.findings li>.tag{display:inline-block}}
.mini{width:120px;height:30px}
.card{padding:14px 0 10px;border-top:1px solid var(--line)}.card:first-of-type{border-top:0}
.pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,400px),1fr));gap:18px 28px;align-items:start}
.pair>*{min-width:0}
.beside{display:grid;grid-template-columns:minmax(0,1.6fr) minmax(0,1fr);gap:6px 34px;align-items:start}@media (max-width:760px){.beside{grid-template-columns:minmax(0,1fr)}}.beside td,.beside th{padding:4px 8px}
.barcell{width:28%;min-width:70px}.hbar{display:block;height:12px;border-radius:3px;min-width:1px}
table.shares th,table.shares td{padding:3px 8px;vertical-align:middle}
.break,.failure p,.failure h3{overflow-wrap:anywhere}
details summary{cursor:pointer;color:var(--soft);font-size:13px;margin-top:10px}
@media (max-width:640px){table.shares tbody th{min-width:5em}table.shares .barcell{min-width:26px}main,header,footer{padding-left:14px;padding-right:14px}section{padding:16px 14px}}
@media print{:root{--paper:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#bbb;--grid:#ddd}body{font-size:11pt}section{border-color:#bbb;margin:14px 0}main,header,footer{max-width:none}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
`.trim()
}
