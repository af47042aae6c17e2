import { messageOf, TroupeError } from '../../base/errors.js'
import { digest } from '../../simulation/digest.js'
import { parseTrace } from '../../simulation/index.js'
import { ResultFolder } from '../../world/real/result-folder.js'
import { diagramPage } from '../diagram/page.js'
import type { CampaignRecord } from './campaign-record.js'
import type { MergedCampaign } from './merged-campaign.js'
import type { ResultFile } from './result-log.js'
import type { Finding } from './run-note.js'

const SUMMARY = 'summary.json'
/** What sets apart the runs that differ, a line each: for whoever merges campaigns. */
const RUNS = 'runs.txt'

/** Where a campaign puts what it finds. */
export class CampaignFolder {
  readonly #folder: ResultFolder

  private constructor(folder: ResultFolder) {
    this.#folder = folder
  }

  /** @throws TroupeError ERR_BAD_OPTION where nothing can be written */
  static open(path: string, option: string): CampaignFolder {
    try {
      return new CampaignFolder(ResultFolder.open(path))
    } catch (error) {
      const detail = `${option}: nothing can be written to ${path}: ${messageOf(error)}`
      throw new TroupeError('ERR_BAD_OPTION', detail, { cause: error })
    }
  }

  get path(): string {
    return this.#folder.path
  }

  /** @returns the name of its file: the same for every run that fails alike */
  keep(
    scenario: string,
    { check, signature, text }: Pick<Finding, 'check' | 'signature' | 'text'>,
  ) {
    const name = `${slug(scenario)}-${slug(check)}-${digest(signature)}`
    this.#folder.write(`${name}.cx`, text)
    return `${name}.cx`
  }

  /** The trace of a counterexample, and its picture. */
  keepTrace(file: string, text: string): { readonly trace: string; readonly page: string } {
    const trace = file.replace(/\.cx$/, '.trace.jsonl.gz')
    const page = file.replace(/\.cx$/, '.html')
    this.#folder.write(trace, text)
    this.#folder.write(page, diagramPage(parseTrace(text, trace)))
    return { trace, page }
  }

  /** Last: who reads it finds all that it names. */
  finish(record: CampaignRecord, distinct: Iterable<string>): void {
    this.#folder.write(RUNS, [...distinct].map((one) => `${one}\n`).join(''))
    this.amend(record)
  }

  /** Several campaigns as one, with the files of what was kept. */
  merge({ record, distinct, from }: MergedCampaign): CampaignRecord {
    const counterexamples = record.counterexamples.map((found) => {
      const { file: _, page: __, trace: wasTrace, ...rest } = found
      const file = this.keep(record.scenario, found)
      const trace = wasTrace === undefined ? undefined : from.get(found)?.trace(wasTrace)
      if (trace === undefined) return { ...rest, file }
      return { ...rest, file, ...this.keepTrace(file, trace) }
    })
    const merged = { ...record, counterexamples }
    this.finish(merged, distinct)
    return merged
  }

  /** Another summary, where the rest stays. */
  amend(record: CampaignRecord): void {
    this.#folder.write(SUMMARY, `${JSON.stringify(record, null, 2)}\n`)
  }

  /** What was found before and is not finished again. */
  begin(): void {
    this.#folder.remove(SUMMARY)
    this.#folder.remove(RUNS)
  }
}

/** The files of a campaign, for a log. */
export function filesOf(path: string, index: number): ResultFile[] {
  const folder = at(path)
  const { counterexamples } = parsed(folder, path)
  const found = counterexamples.flatMap(({ file, trace }) => [file, trace])
  const names = [SUMMARY, RUNS, ...found].filter((name): name is string => name !== undefined)
  return names
    .filter((name) => isPlain(name) && folder.has(name))
    .map((name) => ({ index, name, base64: folder.bytes(name) }))
}

/** Writes down files from logs, in a folder for each share. @returns these folders */
export function unpack(files: readonly ResultFile[], path: string): string[] {
  const folders = new Map<number, ResultFolder>()
  for (const { index, name, base64 } of files) {
    const folder = folders.get(index) ?? ResultFolder.open(`${path}/${index}`)
    folders.set(index, folder)
    folder.writeBytes(name, base64)
  }
  return [...folders.values()].map((folder) => folder.path)
}

/** A campaign that was read. */
export interface ReadCampaign {
  readonly path: string
  readonly record: CampaignRecord
  readonly distinct: readonly string[]
  /** Traces by their files. */
  trace(file: string): string | undefined
}

/** Folders below one that hold campaigns: itself, or those in it. */
export function campaignsIn(path: string): string[] {
  const folder = at(path)
  if (folder.has(SUMMARY)) return [path]
  return folder.folders.map((name) => `${path}/${name}`).filter((one) => at(one).has(SUMMARY))
}

/** @throws TroupeError ERR_BAD_OPTION for a folder that is not there, or whose summary is damaged */
export function readCampaign(path: string): ReadCampaign {
  const folder = at(path)
  const record = parsed(folder, path)
  const distinct = folder.has(RUNS) ? folder.read(RUNS).split('\n').filter(Boolean) : []
  return {
    path,
    record,
    distinct,
    trace: (file) => (isPlain(file) && folder.has(file) ? folder.read(file) : undefined),
  }
}

/** A name of a file in that folder, and not of one elsewhere. */
const isPlain = (file: string): boolean => /^[\w.-]+$/.test(file)

function at(path: string): ResultFolder {
  try {
    return ResultFolder.at(path)
  } catch (error) {
    throw bad(path, `cannot be read: ${messageOf(error)}`)
  }
}

function parsed(folder: ResultFolder, path: string): CampaignRecord {
  if (!folder.has(SUMMARY)) throw bad(path, `has no ${SUMMARY}: it did not end, or is no campaign`)
  let value: unknown
  try {
    value = JSON.parse(folder.read(SUMMARY))
  } catch (error) {
    throw bad(path, `${SUMMARY} is damaged: ${messageOf(error)}`)
  }
  const { v, kind } = (value ?? {}) as Partial<Record<'v' | 'kind', unknown>>
  if (kind !== 'campaign') throw bad(path, `${SUMMARY} is not of a campaign`)
  if (v !== 1) throw bad(path, `${SUMMARY} is of version ${String(v)}, expected 1`)
  const wrong = Object.entries(SHAPE).find(([field, is]) => !is((value as never)[field]))
  if (wrong !== undefined) throw bad(path, `${SUMMARY} has no ${wrong[0]} that can be read`)
  return value as CampaignRecord
}

const isNumber = (value: unknown): boolean => typeof value === 'number'
const isText = (value: unknown): boolean => typeof value === 'string'
const isRecord = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const SHAPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  scenario: isText,
  runtime: isText,
  verdict: isText,
  executions: isNumber,
  completed: isNumber,
  failed: isNumber,
  distinct: isNumber,
  seconds: isNumber,
  workers: isNumber,
  shard: isRecord,
  limits: isRecord,
  sometimes: isRecord,
  faults: isRecord,
  operations: isRecord,
  explorers: Array.isArray,
  counterexamples: Array.isArray,
  stuck: Array.isArray,
  undecided: Array.isArray,
}

const bad = (path: string, detail: string): TroupeError =>
  new TroupeError('ERR_BAD_OPTION', `${path}: ${detail}`)

/** A text as a part of a file's name. */
const slug = (text: string): string =>
  text
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 40)
    .toLowerCase() || 'run'
