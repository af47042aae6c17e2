import { colours, compact, PICTURE } from './style.js'

const PAGE = `
:root{color-scheme:light dark}
*{box-sizing:border-box}
html,body{margin:0;height:100%}
body{display:flex;flex-direction:column;height:100dvh;background:var(--paper);color:var(--ink);font:14px/1.4 ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
header{display:flex;flex-wrap:wrap;align-items:baseline;gap:4px 16px;padding:10px 16px;border-bottom:1px solid var(--rule);background:var(--panel)}
h1{margin:0;font-size:17px}
h1 small{font-weight:400;color:var(--soft);font-size:13px}
#verdict{margin:0;flex:1 1 240px;min-width:0;font-weight:600;white-space:pre-wrap;overflow-wrap:anywhere;max-height:6.2em;overflow:auto}
#verdict.bad{color:var(--fail)}
#verdict.good{color:var(--good)}
#verdict.undecided{color:var(--unsure)}
.tools{display:flex;flex-wrap:wrap;gap:6px;align-items:center}
button,summary{font:inherit;font-size:13px;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:6px;padding:3px 10px;cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
button[aria-pressed=true]{background:var(--ink);color:var(--paper)}
:focus-visible{outline:2px solid var(--past);outline-offset:1px}
details{position:relative}
.sheet{position:absolute;right:0;top:calc(100% + 6px);z-index:5;width:max-content;max-width:min(340px,92vw);max-height:70vh;overflow:auto;padding:10px 14px;background:var(--paper);border:1px solid var(--line);border-radius:8px;box-shadow:0 8px 28px rgba(0,0,0,.18)}
.sheet p{margin:8px 0 0;color:var(--soft);font-size:12px}
fieldset{border:0;margin:0 0 8px;padding:0}
legend{font-weight:600;padding:0}
fieldset label{display:flex;gap:6px;align-items:center;overflow-wrap:anywhere}
fieldset label span{color:var(--soft)}
kbd{font:inherit;border:1px solid var(--line);border-radius:4px;padding:0 4px}
#pane{flex:1;min-height:0;overflow:auto;position:relative;outline-offset:-2px}
#head{position:sticky;top:0;z-index:2;display:block}
#drawing{display:block}
footer{display:flex;align-items:center;gap:10px;padding:8px 16px;border-top:1px solid var(--rule);background:var(--panel)}
#until{flex:1;min-width:60px;accent-color:var(--message)}
#at{font-variant-numeric:tabular-nums;color:var(--soft);font-size:13px}
#card,#tip{background:var(--paper);border:1px solid var(--line);border-radius:8px;box-shadow:0 8px 28px rgba(0,0,0,.18);font-size:13px}
#card[hidden],#tip[hidden]{display:none}
#card{position:fixed;right:16px;bottom:60px;z-index:4;width:min(400px,calc(100vw - 32px));max-height:46vh;overflow:auto;padding:10px 14px}
#tip{position:fixed;z-index:6;max-width:min(420px,90vw);padding:8px 12px;pointer-events:none}
.said-head{margin:0 0 4px;font-weight:650;overflow-wrap:anywhere}
dl{margin:0;display:grid;grid-template-columns:max-content 1fr;gap:1px 10px}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere;white-space:pre-wrap}
.actions{margin:8px 0 0}
#drawing .cursor{fill:var(--past);opacity:.12}
#drawing .veil{fill:var(--paper);opacity:.86}
#drawing .now{stroke:var(--message);stroke-width:1.5}
#drawing .fold{cursor:pointer}
#drawing.picked .arrow,#drawing.picked .cross,#drawing.picked .nowhere,#drawing.picked .dot,#drawing.picked .label,#drawing.picked .bar,#drawing.picked .operation{opacity:.16}
#drawing.picked .past,#drawing.picked .future,#drawing.picked .self{opacity:1}
#drawing .arrow.past,#drawing .cross.past{stroke:var(--past)}
#drawing .arrow.future,#drawing .cross.future{stroke:var(--future)}
#drawing .named.arrow{stroke-width:3}
#drawing .dot.past{fill:var(--past)}
#drawing .dot.future{fill:var(--future)}
#drawing .dot.self{stroke:var(--past);stroke-width:3;paint-order:stroke}
#drawing .arrow.self{stroke-width:3.5}
@media(max-width:600px){header{padding:8px 10px}.tools{width:100%;gap:4px}.tools button,.tools summary{font-size:12px;padding:3px 7px}#card{left:0;right:0;bottom:0;width:auto;border-radius:12px 12px 0 0;max-height:38vh}.sheet{position:fixed;left:4vw;right:4vw;top:auto;bottom:56px;width:auto}}
@media print{body{height:auto;display:block}#pane{overflow:visible}.tools,footer,#card,#tip{display:none}}
`

/** The style of a page. */
export const PAGE_STYLE = compact(`${colours(':root')}${PICTURE}${PAGE}`)
