/** What a page consists of before its script has run. All text of a trace is put in by the script, as text. */
export const PAGE_BODY = `<body>
<header>
<h1 id="name"></h1>
<p id="verdict" role="status"></p>
<div class="tools" role="toolbar" aria-label="View">
<button id="previous" type="button" title="The trouble before (p)">‹ trouble</button>
<button id="next" type="button" title="The next fault, loss or failure (n)">trouble ›</button>
<button id="lanes" type="button" aria-pressed="false" title="A lane for each actor (a)">actors</button>
<button id="folds" type="button" aria-pressed="false" title="Show quiet stretches (u)">unfold</button>
<details id="filter"><summary>filter</summary><div id="filters" class="sheet"></div></details>
<details><summary>legend</summary><div class="sheet legend">
<svg class="diagram" width="250" height="218" viewBox="0 0 250 218" role="img" aria-label="Legend">
<g class="arrows"><path class="arrow" d="M10 14H58M50 10L58 14L50 18"/><path class="arrow lost" d="M10 36H50"/><path class="cross" d="M48 31L58 41M58 31L48 41"/><path class="arrow open" d="M10 58H50"/><circle class="nowhere" cx="54" cy="58" r="3.5"/><path class="arrow twice" d="M10 78H58M10 82H58M50 76L58 80L50 84"/></g>
<path class="dot bolt" d="M34 102m2 -11l-8 12h5l-2 10 9-13h-5l3-9z"/><rect class="down" x="24" y="116" width="20" height="16"/><rect class="partition side0" x="10" y="138" width="20" height="16"/><rect class="wall" x="30" y="138" width="8" height="16"/><rect class="partition side1" x="38" y="138" width="20" height="16"/>
<rect class="bar ok" x="29" y="160" width="10" height="14" rx="3"/><rect class="bar info" x="29" y="180" width="10" height="14" rx="3"/><rect class="bar failing" x="29" y="200" width="10" height="14" rx="3"/>
<text x="74" y="18">a message arrives</text><text x="74" y="40">a fault takes it out</text><text x="74" y="62">it never arrives</text><text x="74" y="84">it arrives twice</text><text x="74" y="106">a node crashes</text><text x="74" y="128">a node is down or paused</text><text x="74" y="150">sides of a partition</text><text x="74" y="171">operation of a client</text><text x="74" y="191">nobody knows whether done</text><text x="74" y="211">what the failed check names</text>
</svg>
<p><kbd>↑</kbd> <kbd>↓</kbd> rows, <kbd>←</kbd> cause, <kbd>→</kbd> effect, <kbd>Enter</kbd> past and future, <kbd>Esc</kbd> back, <kbd>n</kbd> <kbd>p</kbd> trouble, <kbd>a</kbd> actors, <kbd>u</kbd> unfold</p>
</div></details>
</div>
</header>
<main id="pane" tabindex="0" aria-label="Space-time diagram: time runs downwards, a line for each node"><svg id="head" class="diagram" aria-hidden="true"></svg><svg id="drawing" class="diagram" role="img" aria-label="Space-time diagram"></svg></main>
<aside id="card" hidden><div id="said" aria-live="polite"></div><p class="actions"><button id="cause" type="button">to its cause</button> <button id="close" type="button">close</button></p></aside>
<div id="tip" role="tooltip" hidden></div>
<footer><label for="until">until</label><input id="until" type="range" min="0" step="1"><output id="at" for="until"></output></footer>
<noscript><p>The diagram is drawn by a script that stands in this page.</p></noscript>
</body>`
