import { type ChildProcess, execFile, spawn } from 'node:child_process'
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import { checkHistoryCommand } from '../../src/cli/check-history.js'
import { run } from '../../src/cli/run.js'
import { BuiltCommand } from './built-command.js'
import { FakeTerminal } from './fake-terminal.js'

interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

const cwd = new URL('../..', import.meta.url)

let built: BuiltCommand

/** What `npx troupe …` runs. */
function troupe(words: readonly string[], input?: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child: ChildProcess = execFile(
      process.execPath,
      [built.main, ...words],
      { cwd },
      (error, out, err) => resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    )
    child.stdin?.end(input)
  })
}

/** The same in this process, of this command. */
async function here(words: readonly string[]): Promise<Ended> {
  const readText = (path: string): string => readFileSync(path, 'utf8')
  const terminal = Object.assign(new FakeTerminal(), { words, readText })
  const code = await run([checkHistoryCommand], terminal)
  const text = (lines: readonly string[]): string => lines.map((each) => `${each}\n`).join('')
  return { code, out: text(terminal.lines), err: text(terminal.errors) }
}

const line = (process: number, type: string, f: string, key: string, value?: unknown): string =>
  JSON.stringify({ process, type, f, key, value })

const GOOD = [
  line(0, 'invoke', 'write', 'x', 1),
  line(1, 'invoke', 'read', 'x'),
  line(1, 'ok', 'read', 'x', 1),
  line(0, 'info', 'write', 'x', 1),
  line(2, 'invoke', 'write', 'y', 5),
]
/** Key y has a read that is too old; what comes after it is of no matter. */
const BAD = [
  ...GOOD,
  line(2, 'ok', 'write', 'y', 5),
  line(1, 'invoke', 'read', 'y'),
  line(3, 'invoke', 'write', 'x', 2),
  line(1, 'ok', 'read', 'y', null),
  line(3, 'ok', 'write', 'x', 2),
  line(1, 'invoke', 'read', 'y'),
  line(1, 'ok', 'read', 'y', 5),
]

describe('npx troupe check history', function () {
  this.timeout(60_000)
  let dir = ''
  const file = (name: string, lines: readonly string[]): string => {
    const path = join(dir, name)
    writeFileSync(path, lines.map((one) => `${one}\n`).join(''))
    return path
  }

  before(async () => {
    dir = mkdtempSync(join(tmpdir(), 'troupe-history-'))
    built = await BuiltCommand.make()
  })
  after(() => {
    rmSync(dir, { recursive: true, force: true })
    built.remove()
  })

  it('ends with 0 for what is linearizable', async () => {
    const path = file('good.jsonl', GOOD)
    const { code, out, err } = await troupe(['check', 'history', path, '--model', 'register'])
    assert.equal(code, 0, err)
    assert.match(out, /good\.jsonl: linearizable \(register, 3 operations on 2 keys, [\d.]+ s\)\n$/)
    assert.equal(err, '')
  })

  it('ends with 1 for what is not, and names the key and a smallest prefix', async () => {
    const path = file('bad.jsonl', BAD)
    const { code, out } = await troupe(['check', 'history', path, '--model', 'register'])
    assert.equal(code, 1)
    assert.deepEqual(
      out
        .replace(/^.*bad\.jsonl/, 'bad.jsonl')
        .replace(/[\d.]+ s/, 'n s')
        .split('\n'),
      [
        'bad.jsonl: not linearizable (register, 6 operations on 2 keys, n s)',
        '  key y',
        '  no order explains 1 read y → null; before its return it could be 5',
        '  a smallest prefix that shows it, 4 events:',
        '    5: 2 invoke write y 5',
        '    6: 2 ok write y 5',
        '    7: 1 invoke read y',
        '    9: 1 ok read y null',
        '',
      ],
    )
  })

  it('says the same in JSON, one object on one line', async () => {
    const path = file('bad.jsonl', BAD)
    const { code, out } = await troupe(['check', 'history', path, '--model=register', '--json'])
    assert.equal(code, 1)
    const { seconds, ...result } = JSON.parse(out) as Record<string, unknown>
    assert.isBelow(seconds as number, 5)
    assert.deepInclude(result, {
      file: path,
      model: 'register',
      consistency: 'linearizable',
      verdict: 'violation',
      key: 'y',
      smallest: true,
      operations: 6,
      keys: 2,
    })
    assert.deepEqual(
      (result['prefix'] as { line: number }[]).map((event) => event.line),
      [5, 6, 7, 9],
    )
  })

  it('takes another consistency, and the standard input', async () => {
    const words = ['check', 'history', '-', '--model', 'register', '--consistency']
    const early = await troupe([...words, 'sequential'], BAD.join('\n'))
    assert.equal(early.code, 0, early.out)
    const reads = await troupe([...words, 'read-your-writes'], BAD.join('\n'))
    assert.equal(reads.code, 0, reads.out)
    const old = BAD.slice(0, 6).concat(
      line(2, 'invoke', 'read', 'y'),
      line(2, 'ok', 'read', 'y', null),
    )
    const own = await troupe([...words, 'read-your-writes'], old.join('\n'))
    assert.equal(own.code, 1)
    assert.include(own.out, '2 read y → null: it should show 2 write y 5, or what is newer')
  })

  it('ends with 3 for a file that is no history, with the line', async () => {
    const deep = `{"process":4,"type":"invoke","f":"write","key":"x","value":${'['.repeat(1e5)}${']'.repeat(1e5)}}`
    const at = (time: unknown) =>
      JSON.stringify({ process: 4, type: 'invoke', f: 'read', key: 'x', time })
    for (const [name, lines, message] of [
      ['cut.jsonl', [...GOOD.slice(0, 2), '{"process":1,"ty'], 'line 3: it is not JSON'],
      [
        'unknown.jsonl',
        [...GOOD, line(4, 'invoke', 'swap', 'x', 1)],
        'line 6: "swap" is no operation',
      ],
      ['unmatched.jsonl', [line(4, 'ok', 'read', 'x', 1)], 'line 1: process 4 returns from read'],
      [
        'back.jsonl',
        [at(7), line(4, 'ok', 'read', 'x', null), at(5)],
        'line 3: the time goes back, from 7 in line 1 to 5',
      ],
      ['deep.jsonl', [...GOOD, deep], 'line 6: the value of write is nested more than 100 deep'],
      [
        'digits.jsonl',
        ['{"process":4,"type":"invoke","f":"write","key":"x","value":9007199254740993}'],
        'line 1: the value of write holds a whole number beyond',
      ],
      [
        'nothing.jsonl',
        [...GOOD, line(5, 'invoke', 'read', 'x'), line(5, 'ok', 'read', 'x')],
        'line 7: read gave no value',
      ],
    ] as const) {
      const path = file(name, lines)
      const { code, out, err } = await here(['check', 'history', path, '--model', 'register'])
      assert.equal(code, 3)
      assert.equal(out, '')
      assert.include(err, message)
    }
  })

  it('ends with 3 for wrong use, and says how it is used', async () => {
    const path = file('good.jsonl', GOOD)
    for (const [words, message] of [
      [['check', 'history'], 'which file?'],
      [['check', 'history', path], '--model is needed: register, cas-register, kv, queue'],
      [['check', 'history', path, '--model', 'set'], '--model must be one of'],
      [['check', 'history', path, '--model', 'kv', '--consistency', 'x'], '--consistency must be'],
      [['check', 'history', path, '--model', 'kv', '--budget-ms', 'x'], '--budget-ms must be'],
      [['check', 'history', path, '--model', 'kv', '--fast'], "Unknown option '--fast'"],
      [['check', 'history', path, path, '--model', 'kv'], 'one file at a time'],
      [['check', 'history', join(dir, 'none'), '--model', 'kv'], 'cannot be read: ENOENT'],
      [['check', 'future'], 'there is no command check future'],
      [[], 'usage: troupe COMMAND'],
    ] as const) {
      const { code, out, err } = await here(words)
      assert.equal(code, 3, words.join(' '))
      assert.equal(out, '')
      assert.include(err, message)
      assert.include(err, 'usage: troupe')
    }
  })

  it('ends with 4 when the budget does not suffice', async () => {
    const hard = Array.from({ length: 40 }, (_, at) =>
      line(at, 'invoke', 'cas', 'x', [at % 7, (at * 3) % 7]),
    )
    const ends = Array.from({ length: 40 }, (_, at) => line(at, 'ok', 'cas', 'x'))
    const path = file('hard.jsonl', [...hard, ...ends])
    const words = ['check', 'history', path, '--model', 'cas-register', '--budget-ms', '0']
    const { code, out } = await troupe(words)
    assert.equal(code, 4)
    assert.match(out, /unknown whether linearizable .*\n {2}undecided after 0 ms\n$/)
  })

  it('ends with 70 when what it says cannot be written', async function () {
    if (!existsSync('/dev/full')) this.skip()
    const path = file('good.jsonl', GOOD)
    const words = [built.main, 'check', 'history', path, '--model', 'register']
    const out = openSync('/dev/full', 'w')
    const child = spawn(process.execPath, words, {
      cwd,
      stdio: ['ignore', out, 'pipe'],
    })
    let err = ''
    child.stderr?.on('data', (text) => {
      err += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    closeSync(out)
    assert.equal(code, 70)
    assert.match(
      err,
      /^troupe: an error of troupe itself; it says nothing about the input\n.*ENOSPC/,
    )
  })

  it('has a help for all commands, and for each', async () => {
    for (const words of [['help'], ['--help']]) {
      const { code, out } = await here(words)
      assert.equal(code, 0)
      assert.include(out, 'check history')
    }
    for (const words of [
      ['help', 'check', 'history'],
      ['check', 'history', '--help'],
    ]) {
      const { code, out } = await here(words)
      assert.equal(code, 0)
      assert.include(out, '--model        register | cas-register | kv | queue')
    }
  })

  it('is what the package calls troupe', () => {
    const { bin } = JSON.parse(readFileSync(new URL('package.json', cwd), 'utf8')) as {
      bin: Record<string, string>
    }
    assert.deepEqual(bin, { troupe: './dist/cli/main.js' })
    const source = readFileSync(new URL('src/cli/main.ts', cwd), 'utf8')
    assert.match(source, /^#!\/usr\/bin\/env node\n/)
  })
})
