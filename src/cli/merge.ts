import {
  CampaignFolder,
  campaignsIn,
  readCampaign,
} from '../verification/exploration/campaign-folder.js'
import { campaignReport } from '../verification/exploration/campaign-report.js'
import { mergeCampaigns } from '../verification/exploration/merged-campaign.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, type ExitCode, UsageError } from './command.js'
import { againBy, EXITS, text } from './scenario-file.js'

/** `troupe merge DIR…`. */
export const mergeCommand: Command = {
  name: 'merge',
  usage: 'DIR… --out DIR [--json]',
  summary: 'makes one campaign of several',
  details: [
    'DIR is a folder of results (--out of explore), or a folder of such folders. Counts are added; of runs that fail',
    'alike the smallest is kept. Campaigns that ran the same seeds, or the same slice of a search, are refused.',
    '',
    '--out                 the folder for the result; none of those that are merged',
    '--json                the summary as one JSON object',
    '',
    'Ends as explore does, with what all of them together have found.',
  ],
  options: { out: { type: 'string' }, json: { type: 'boolean' } },
  run,
}

function run({ values, positionals }: ParsedWords, terminal: Terminal): ExitCode {
  const out = text(values, 'out')
  if (positionals.length === 0) throw new UsageError('which folders?')
  if (out === undefined) throw new UsageError('--out is needed: the folder for the result')
  const paths = positionals.flatMap((path) => {
    const found = campaignsIn(path)
    if (found.length === 0) throw new UsageError(`${path} holds no results: no summary.json`)
    return found
  })
  if (paths.some((path) => trimmed(path) === trimmed(out))) {
    throw new UsageError(`--out ${out} is one of those that are merged`)
  }
  const merged = mergeCampaigns(paths.map((path) => readCampaign(path)))
  const record = CampaignFolder.open(out, '--out').merge(merged)
  if (values['json'] === true) terminal.out(JSON.stringify(record))
  else {
    const report = campaignReport(record, againBy('FILE', {}, out))
    for (const line of report.split('\n')) terminal.out(line)
  }
  return EXITS[record.verdict]
}

const trimmed = (path: string): string => path.replace(/^\.\//, '').replace(/\/+$/, '')
