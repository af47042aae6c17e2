import type { Command } from './command.js'

/** `troupe show FILE`. */
export const showCommand: Command = {
  name: 'show',
  usage:
    'FILE [-o OUT] [--svg | --shiviz] [--lanes nodes|actors] [--module MODULE [--scenario NAME]]',
  summary: 'draws what happened in a run: a space-time diagram',
  details: [
    'FILE is a trace (*.trace.jsonl, also compressed by gzip; - is the standard input), or a counterexample',
    '(*.cx), which is run for its trace.',
    '',
    '-o, --out     where it goes (FILE with another ending); - is the standard output',
    '--svg         a picture instead of a page',
    '--shiviz      a log for ShiViz instead of a page',
    '--lanes       of a picture: nodes (default) or actors; a page has both',
    '--module      of a counterexample: the module that exports its scenario, in JavaScript or (where tsx is',
    '              installed) TypeScript',
    '--scenario    the name of its export, where there are several (the default export)',
    '',
    'The page is one file, which needs no network and shows nothing that was not in the trace.',
    'Ends with 0: it is drawn, whatever the run came to; 3: wrong use, or a file that is no trace.',
  ],
  options: {
    out: { type: 'string', short: 'o' },
    svg: { type: 'boolean' },
    shiviz: { type: 'boolean' },
    lanes: { type: 'string' },
    module: { type: 'string' },
    scenario: { type: 'string' },
  },
  // what draws is loaded only for who draws: it takes longer to load than a small history to check
  run: async (words, terminal) => (await import('./drawing.js')).draw(words, terminal),
}
