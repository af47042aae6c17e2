import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import { type JsonLoggerOptions, jsonLogger } from '../../src/world/real/json-logger.js'

interface Line {
  readonly level: string
  readonly msg: string
  readonly time: string
  readonly from?: string
  readonly error?: LoggedError
}

interface LoggedError {
  readonly code: string
  readonly message: string
  readonly stack: string
  readonly cause: LoggedError
}

describe('json logger', () => {
  let lines: string[]
  const logger = (options: JsonLoggerOptions = {}) =>
    jsonLogger({ ...options, write: (line) => lines.push(line) })
  const only = (): Line => {
    assert.equal(lines.length, 1)
    return JSON.parse(lines[0] ?? '')
  }
  beforeEach(() => {
    lines = []
  })

  it('writes one object a line with level, time, fields and message', () => {
    logger({ fields: { node: 'a' } }).warn({ peer: 'b', tries: 3 }, 'lost')
    assert.match(lines[0] ?? '', /^\{.*\}\n$/)
    const { time, ...rest } = only()
    assert.deepEqual(rest as object, { level: 'warn', node: 'a', peer: 'b', tries: 3, msg: 'lost' })
    assert.closeTo(Date.parse(time), Date.now(), 5_000)
  })

  it('leaves out what is below its level', () => {
    const log = logger({ level: 'warn' })
    log.debug({}, 'd')
    log.info({}, 'i')
    log.warn({}, 'w')
    log.error({}, 'e')
    assert.deepEqual(
      lines.map((line) => JSON.parse(line).msg),
      ['w', 'e'],
    )
  })

  it('cannot be made to forge a line or to move a cursor', () => {
    const evil =
      'x\n{"level":"info","msg":"forged"}\r\u001b[2J\u2028\u2029\u0085\u009b31m\u202e\u007f'
    logger().info({ from: evil }, evil)
    const text = (lines[0] ?? '').slice(0, -1)
    assert.match(text, /^[\x20-\x7e]*$/)
    assert.equal(only().from, evil)
    assert.equal(only().msg, evil)
  })

  it('does not let fields replace the message', () => {
    logger().info({ msg: 'forged' }, 'true')
    assert.equal(only().msg, 'true')
  })

  it('writes errors with code and cause', () => {
    const cause = new Error('beneath')
    logger().error({ error: new TroupeError('ERR_CONNECT', 'no way', { cause }) }, 'failed')
    const { error } = only()
    assert.equal(error?.code, 'ERR_CONNECT')
    assert.equal(error?.message, 'no way (ERR_CONNECT)')
    assert.equal(error?.cause.message, 'beneath')
    assert.isString(error?.stack)
  })

  it('writes the message even when the fields cannot be written', () => {
    const cycle = { big: 5n }
    Object.assign(cycle, { self: cycle })
    logger().info(cycle, 'still said')
    assert.equal(only().msg, 'still said')
  })
})
