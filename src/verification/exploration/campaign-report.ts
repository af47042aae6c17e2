import type { CampaignCounterexample, CampaignRecord } from './campaign-record.js'

/** So many lines of a counterexample are shown. */
const LINES_MAX = 40
/** Below that share of runs in which an operation was done there is a warning. */
const COMPLETED_MIN = 0.5

/** How somebody runs a counterexample again. */
export interface Again {
  /** Of a counterexample. */
  replay(found: CampaignCounterexample): string
  /** Where its picture is; undefined: there is none. */
  picture?(found: CampaignCounterexample): string | undefined
  /** Of a run that never ends. */
  rerun(using: string, seed: string): string
}

/** A campaign for people: what was found, and how to see it again. */
export function campaignReport(record: CampaignRecord, again: Again): string {
  const { scenario, verdict, counterexamples, stuck, nondeterminism, undecided } = record
  const lines = [`${scenario}: ${headline(record)}`, `  ${figures(record)}`]
  if (nondeterminism !== undefined) lines.push(...indented(nondeterminism))
  for (const found of counterexamples) lines.push(...counterexampleLines(found, again))
  for (const { using, seed, reason } of stuck) {
    lines.push(`  a run never ended: ${reason} (${using}, seed ${seed})`)
    lines.push(`    again: ${again.rerun(using, seed)}`)
  }
  if (verdict === 'undecided') for (const reason of undecided) lines.push(`  ${reason}`)
  for (const warning of warnings(record)) lines.push(`  warning: ${warning}`)
  return lines.join('\n')
}

const counted = (count: number, what: string, many = `${what}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? what : many}`

function headline({ verdict, counterexamples, stuck }: CampaignRecord): string {
  switch (verdict) {
    case 'ok':
      return 'nothing is wrong'
    case 'nondeterministic':
      return 'the same run came out in two ways'
    case 'undecided':
      return 'undecided'
    case 'fail': {
      const parts = [
        ...(counterexamples.length > 0 ? [counted(counterexamples.length, 'counterexample')] : []),
        ...(stuck.length > 0
          ? [counted(stuck.length, 'run that never ends', 'runs that never end')]
          : []),
      ]
      return parts.join(', ')
    }
  }
}

function figures(record: CampaignRecord): string {
  const { executions, perSecond, distinct, seconds, failed, explorers, faults } = record
  const skipped = explorers.reduce((sum, one) => sum + one.skipped, 0)
  const parts = [
    `${counted(executions, 'execution')} in ${seconds} s (${perSecond}/s)`,
    `${distinct.toLocaleString('en')} distinct`,
    ...(skipped > 0 ? [`${skipped.toLocaleString('en')} more known to end alike`] : []),
    ...(failed > 0 ? [`${failed.toLocaleString('en')} failed`] : []),
  ]
  const met = Object.entries(faults).map(([name, count]) => `${name} ${count.toLocaleString('en')}`)
  if (met.length > 0) parts.push(`faults: ${met.join(', ')}`)
  const ended = explorers.filter(({ exhausted }) => exhausted).map(({ using }) => using)
  if (ended.length > 0) parts.push(`all tried: ${ended.join(', ')}`)
  return parts.join('; ')
}

function counterexampleLines(found: CampaignCounterexample, again: Again): string[] {
  const { check, message, runs, using, seed, operations, faults, deviations, text } = found
  const said = message.startsWith(`${check}:`) || message.startsWith(`${check} `)
  const size = [
    counted(operations, 'operation'),
    counted(faults, 'fault'),
    counted(deviations, 'other choice'),
  ]
  const lines = ['', ...indented(said ? message : `${check}: ${message}`)]
  lines.push(
    `    ${counted(runs, 'run')}; the smallest: ${size.join(', ')} (${using}, seed ${seed})`,
  )
  if (found.shrunk !== undefined) lines.push(`    made smaller: ${found.shrunk}`)
  const shown = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  for (const line of shown.slice(0, LINES_MAX)) lines.push(`      ${line}`)
  if (shown.length > LINES_MAX) lines.push(`      … ${shown.length - LINES_MAX} more lines`)
  const except = tapeOf(text)
  if (except.length > 0) lines.push('    the most ordinary run, except:')
  for (const label of except.slice(0, LINES_MAX)) lines.push(`      ${label}`)
  if (except.length > LINES_MAX) lines.push(`      … ${except.length - LINES_MAX} more choices`)
  if (found.repeats === 'by explorer') {
    lines.push(
      `    fails only under what ${using} changes in the scenario: it does not replay alone`,
    )
  }
  lines.push(`    again: ${again.replay(found)}`)
  const picture = again.picture?.(found)
  if (picture !== undefined) lines.push(`    a picture of it: ${picture}`)
  return lines
}

/** The choices of a counterexample that were not the most ordinary ones. */
function tapeOf(text: string): string[] {
  const [, json = '{}'] = /^#! tape (.*)$/m.exec(text) ?? []
  return Object.keys(JSON.parse(json))
}

const indented = (text: string): string[] => text.split('\n').map((line) => `  ${line}`)

function warnings({ sometimes, executions, completed, operations }: CampaignRecord): string[] {
  const lines = Object.entries(sometimes)
    .filter(([, times]) => times === 0)
    .map(([name]) => `no run reached ${JSON.stringify(name)} (check.sometimes)`)
  const share = completed / executions
  if (Object.keys(operations).length > 0 && share < COMPLETED_MIN) {
    lines.push(`an operation was done in ${Math.round(share * 100)} % of the executions only`)
  }
  return lines
}
