import { codeOf, messageOf } from '../base/errors.js'
import {
  CampaignFolder,
  campaignsIn,
  readCampaign,
  unpack,
} from '../verification/exploration/campaign-folder.js'
import {
  type CampaignCounterexample,
  type CampaignRecord,
  verdictOf,
} from '../verification/exploration/campaign-record.js'
import { campaignReport } from '../verification/exploration/campaign-report.js'
import { DeskStuck, type DeskThread } from '../verification/exploration/desk-thread.js'
import { mergeCampaigns } from '../verification/exploration/merged-campaign.js'
import { readResults } from '../verification/exploration/result-log.js'
import { outputOf } from '../world/real/child-command.js'
import type { ParsedWords, Terminal } from '../world/terminal.js'
import { type Command, type ExitCode, UsageError } from './command.js'
import {
  againBy,
  EXITS,
  SCENARIO_HELP,
  SCENARIO_OPTIONS,
  sourceOf,
  text,
  withDesk,
} from './scenario-file.js'

/** `troupe k8s collect FILE`. */
export const collectCommand: Command = {
  name: 'k8s collect',
  usage: 'FILE (--job NAME [--namespace NS] | --log LOG | DIR…) [--out DIR] [--json]',
  summary: 'brings together what the pods of such a Job have found',
  details: [
    ...SCENARIO_HELP,
    '',
    'DIR is a volume of results, or a copy of it: a folder with one for each pod.',
    '',
    '--job                 a Job whose results are in the logs of its pods: kubectl reads them',
    '--namespace           of that Job',
    '--kubectl             the program that reads them (kubectl)',
    '--log                 such a log in a file; - is the standard input',
    '--out                 the folder for all of it (out); what the pods wrote goes to DIR/pods',
    '--json                the summary as one JSON object',
    '',
    'Of runs that fail alike the smallest is kept, run again here, and its hash compared: the code here must be',
    'that of the image. Ends as explore does, with 2 too where a run is another one here, though the code is the same.',
  ],
  options: {
    ...SCENARIO_OPTIONS,
    job: { type: 'string' },
    namespace: { type: 'string' },
    kubectl: { type: 'string' },
    log: { type: 'string' },
    out: { type: 'string' },
  },
  run,
}

async function run({ values, positionals }: ParsedWords, terminal: Terminal): Promise<ExitCode> {
  const [file, ...folders] = positionals
  const source = sourceOf(file, values)
  const out = text(values, 'out') ?? 'out'
  const folder = CampaignFolder.open(out, '--out')
  const log = await logOf(values, terminal)
  if (log !== undefined && folders.length > 0) {
    throw new UsageError('either a log or folders of results')
  }
  const paths =
    log !== undefined ? unpack(readResults(log), `${out}/pods`) : folders.flatMap(campaignsIn)
  if (paths.length === 0) throw new UsageError('there are no results of any pod')
  const merged = folder.merge(mergeCampaigns(paths.map((path) => readCampaign(path))))
  const { nodes, level } = merged
  const same = {
    ...source,
    ...(nodes !== undefined && { nodes }),
    ...(level !== undefined && { level }),
  }
  const record = await withDesk(same, values, (desk) => checked(merged, desk, terminal))
  folder.amend(record)
  if (values['json'] === true) terminal.out(JSON.stringify(record))
  else {
    const report = campaignReport(record, againBy(file as string, values, out))
    for (const line of report.split('\n')) terminal.out(line)
  }
  return EXITS[record.verdict]
}

/** The logs of all pods, one behind the other; undefined where there are folders. */
async function logOf(
  values: ParsedWords['values'],
  terminal: Terminal,
): Promise<string | undefined> {
  const [job, log] = [text(values, 'job'), text(values, 'log')]
  if (log !== undefined) {
    try {
      return terminal.readText(log)
    } catch (error) {
      throw new UsageError(`${log} cannot be read: ${messageOf(error)}`, { cause: error })
    }
  }
  if (job === undefined) return undefined
  const namespace = text(values, 'namespace')
  const kubectl = text(values, 'kubectl') ?? 'kubectl'
  const words = [
    'logs',
    `--selector=batch.kubernetes.io/job-name=${job}`,
    '--tail=-1',
    ...(namespace === undefined ? [] : [`--namespace=${namespace}`]),
  ]
  try {
    return await outputOf(kubectl, words)
  } catch (error) {
    throw new UsageError(`${kubectl} ${words.join(' ')}: ${messageOf(error)}`, { cause: error })
  }
}

/** Every counterexample once more, here. */
async function checked(
  record: CampaignRecord,
  desk: DeskThread,
  terminal: Terminal,
): Promise<CampaignRecord> {
  const counterexamples: CampaignCounterexample[] = []
  let { nondeterminism } = record
  for (const found of record.counterexamples) {
    if (found.repeats === 'by explorer') {
      counterexamples.push(found)
      continue
    }
    const { repeats, why, strange } = await here(found, desk)
    if (why !== undefined) terminal.err(`${found.file}: ${why}`)
    if (strange) nondeterminism ??= `${found.file}: ${why}`
    counterexamples.push({ ...found, repeats })
  }
  const amended = {
    ...record,
    counterexamples,
    ...(nondeterminism !== undefined && { nondeterminism }),
  }
  return { ...amended, verdict: verdictOf(amended) }
}

interface Here {
  readonly repeats: CampaignCounterexample['repeats']
  readonly why?: string
  /** The code is the same, and the run is not. */
  readonly strange: boolean
}

async function here(
  { text: cx, file = '', hash }: CampaignCounterexample,
  desk: DeskThread,
): Promise<Here> {
  try {
    const request = { kind: 'counterexample', text: cx, file } as const
    const run = await desk.do({ type: 'rerun', request })
    if (run.outcome === 'asRecorded') return { repeats: 'exact', strange: false }
    const what = `it is another run here, with hash ${run.hash} and not ${hash}`
    const why = run.changed ? `${what}: the code here is not that of the pods` : what
    return { repeats: 'other', why, strange: !run.changed }
  } catch (error) {
    const stuck = error instanceof DeskStuck
    if (!stuck && codeOf(error) !== 'ERR_NONDETERMINISM') throw error
    return { repeats: 'other', why: messageOf(error), strange: true }
  }
}
