/** Colours by what they mean; dark ones where dark is asked for. */
const LIGHT = `--paper:#fff;--panel:#f6f7f9;--ink:#1f2937;--soft:#667085;--faint:#98a2b3;--line:#c3cad5;--rule:#e4e7ec;
--message:#3b6ea5;--answer:#8b98ab;--fault:#c2540a;--fault-soft:#fdf0e3;--fail:#c8102e;--fail-soft:#fde8ea;--good:#16794c;--unsure:#b07d10;
--past:#6d28d9;--future:#0b7a75;--down:#d5dae1;--side0:#f0f6ff;--side1:#fff6e8;--side2:#f0faf3;--bar:#7b8798`
const DARK = `--paper:#12161d;--panel:#1a2029;--ink:#e6eaf0;--soft:#9aa5b4;--faint:#6b7686;--line:#3d4756;--rule:#29313c;
--message:#79aee6;--answer:#7d8a9c;--fault:#f29b52;--fault-soft:#33241a;--fail:#ff6b78;--fail-soft:#3c1a20;--good:#5fd09a;--unsure:#e0b252;
--past:#b79bff;--future:#4fd1c5;--down:#313a47;--side0:#172334;--side1:#2b2418;--side2:#16291f;--bar:#8793a4`

/** What a picture looks like, within an element of class `diagram`. */
export const PICTURE = `
.diagram{background:var(--paper);color:var(--ink);font:12px ui-sans-serif,system-ui,"Segoe UI",Helvetica,Arial,sans-serif}
.diagram text{fill:var(--ink);white-space:pre}
.diagram .node{font-size:14px;font-weight:650;text-anchor:middle}
.diagram .actor{font-weight:600;text-anchor:middle}
.diagram .detail{fill:var(--soft);font-size:10.5px;text-anchor:middle}
.diagram .column{fill:var(--soft);font-size:11px}
.diagram .rule{stroke:var(--rule)}
.diagram .time,.diagram .gap{fill:var(--soft);font-size:11px;text-anchor:end;font-variant-numeric:tabular-nums}
.diagram .gap{fill:var(--faint)}
.diagram .end{text-anchor:end}
.diagram .passing{stroke:var(--rule);stroke-dasharray:2 5;stroke-width:1.5}
.diagram .lane{stroke:var(--line);stroke-width:2}
.diagram .lane.own{stroke-width:1.25}
.diagram .before{stroke-dasharray:1 5}
.diagram .stop{stroke:var(--line);stroke-width:2}
.diagram .partition.side0{fill:var(--side0)}
.diagram .partition.side1{fill:var(--side1)}
.diagram .partition.side2{fill:var(--side2)}
.diagram .wall{fill:none;stroke:var(--fault);stroke-dasharray:6 4;stroke-width:1.5;opacity:.8}
.diagram .down,.diagram .pause{fill:var(--down)}
.diagram .pause{opacity:.55}
.diagram .lasting{fill:var(--fault);opacity:.5}
.diagram .arrow{fill:none;stroke:var(--message);stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.diagram .arrow.lost,.diagram .arrow.open{stroke:var(--fault);stroke-dasharray:5 4}
.diagram .arrow.twice{stroke-width:1.25}
.diagram .arrow.changed{stroke:var(--fault)}
.diagram .cross{fill:none;stroke:var(--fault);stroke-width:2.5;stroke-linecap:round}
.diagram .nowhere{fill:var(--paper);stroke:var(--fault);stroke-width:1.5}
.diagram .dot{fill:var(--ink);stroke:var(--paper);stroke-width:1.5}
.diagram .dot.start,.diagram .dot.restart{fill:var(--paper);stroke:var(--ink)}
.diagram .dot.log{fill:var(--faint)}
.diagram .dot.warning{fill:var(--unsure)}
.diagram .dot.bolt{fill:var(--fault);stroke:var(--paper);stroke-width:1}
.diagram .label{paint-order:stroke;stroke:var(--paper);stroke-width:6px;stroke-linejoin:round;font-weight:550}
.diagram .label .rest{fill:var(--soft);font-weight:400}
.diagram .label.answer,.diagram .label.log,.diagram .label.start{fill:var(--soft);font-weight:400}
.diagram .label.lost,.diagram .label.crash,.diagram .label.fault,.diagram .label.restart{fill:var(--fault);font-weight:600}
.diagram .label.end-fault,.diagram .label.choice{fill:var(--fault);font-weight:400}
.diagram .label.warning{fill:var(--unsure);font-weight:400}
.diagram .lead{fill:none;stroke:var(--line);stroke-dasharray:1 4;stroke-linecap:round}
.diagram .bar{fill:var(--bar);stroke:var(--paper)}
.diagram .bar.info,.diagram .bar.open{fill:var(--unsure);fill-opacity:.45;stroke:var(--unsure);stroke-dasharray:3 2}
.diagram .bar.fail{fill:var(--paper);stroke:var(--bar);stroke-width:1.5}
.diagram .bar.failing{fill:var(--fail);fill-opacity:1;stroke:var(--fail);stroke-dasharray:none}
.diagram .operation .client{fill:var(--soft)}
.diagram .operation .result{font-weight:600}
.diagram .operation.info .result,.diagram .operation.open .result{fill:var(--unsure)}
.diagram .operation.failing,.diagram .operation.failing .client,.diagram .operation.failing .result{fill:var(--fail);font-weight:700}
.diagram .failing-row{fill:var(--fail-soft)}
.diagram .fold rect{fill:var(--panel);stroke:var(--rule)}
.diagram .fold text{fill:var(--soft);font-size:11px;text-anchor:middle}
.diagram .verdict{font-size:14px;font-weight:650}
.diagram .verdict.bad{fill:var(--fail)}
.diagram .verdict.good{fill:var(--good)}
.diagram .verdict.undecided{fill:var(--unsure)}
.diagram .verdict.plain{fill:var(--soft)}
`

/** The colours of what a selector finds. */
export const colours = (where: string): string =>
  `${where}{${LIGHT}}@media(prefers-color-scheme:dark){${where}{${DARK}}}`

/** The style of a picture that stands alone. */
export const PICTURE_STYLE = compact(`${colours('.diagram')}${PICTURE}`)

/** Without line breaks. */
export function compact(css: string): string {
  return css.replace(/\n/g, '')
}
