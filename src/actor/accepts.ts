import { TroupeError } from '../base/errors.js'
import { isThenable } from './actor-timer.js'
import type { MethodDefinition } from './method-definition.js'
import type { SchemaIssue, SchemaResult, StandardSchema } from './standard-schema.js'

/** What a method gets instead of the arguments it was sent, or why it gets nothing. */
export type Checked = readonly unknown[] | TroupeError

/** Runs the schemas of `@accepts`; never throws. */
export function checkArguments(
  method: MethodDefinition,
  schemas: readonly StandardSchema[],
  args: readonly unknown[],
): Checked | Promise<Checked> {
  if (args.length > schemas.length) {
    const message = `takes at most ${schemas.length} arguments, got ${args.length}`
    return refused(method, [{ message, path: [schemas.length] }])
  }
  try {
    const results: (SchemaResult | PromiseLike<SchemaResult>)[] = []
    let later = false
    for (let i = 0; i < schemas.length; i++) {
      const result = (schemas[i] as StandardSchema)['~standard'].validate(args[i])
      if (isThenable(result)) later = true
      results.push(result)
    }
    if (later) return checkLater(method, results)
    return judge(method, results as SchemaResult[])
  } catch (cause) {
    return broken(method, cause)
  }
}

async function checkLater(
  method: MethodDefinition,
  results: readonly (SchemaResult | PromiseLike<SchemaResult>)[],
): Promise<Checked> {
  try {
    return judge(method, await Promise.all(results))
  } catch (cause) {
    return broken(method, cause)
  }
}

function judge(method: MethodDefinition, results: readonly SchemaResult[]): Checked {
  const values: unknown[] = []
  const issues: PlainIssue[] = []
  results.forEach((result, position) => {
    if (result.issues === undefined) values.push(result.value)
    else for (const issue of result.issues) issues.push(plain(issue, position))
  })
  return issues.length === 0 ? values : refused(method, issues)
}

/** An issue as it crosses the wire: the path begins with the argument's position. */
interface PlainIssue {
  readonly message: string
  readonly path: readonly (string | number)[]
}

function plain(issue: SchemaIssue, position: number): PlainIssue {
  const path: (string | number)[] = [position]
  for (const step of issue.path ?? []) {
    const key = typeof step === 'object' ? step.key : step
    path.push(typeof key === 'number' ? key : String(key))
  }
  return { message: issue.message, path }
}

function refused(method: MethodDefinition, issues: readonly PlainIssue[]): TroupeError {
  const first = issues[0]
  const detail = `${method.type}.${method.name}: argument ${first?.path.join('.')}: ${first?.message}`
  return new TroupeError('ERR_BAD_ARGUMENTS', detail, { data: { issues } })
}

const broken = (method: MethodDefinition, cause: unknown): TroupeError =>
  new TroupeError('ERR_BAD_ARGUMENTS', `a schema of ${method.type}.${method.name} threw`, { cause })
