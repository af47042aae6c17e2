import { assert } from 'chai'
import { load } from 'js-yaml'
import { manifestCommand } from '../../src/cli/k8s-manifest.js'
import { type YamlValue, yaml } from '../../src/cli/yaml.js'
import { FakeTerminal } from './fake-terminal.js'
import { breaches, JOB } from './fixtures/job-schema.js'

interface Job {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly spec: {
    readonly completions: number
    readonly parallelism: number
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly args: readonly string[] }[] }
    }
  }
}

async function manifest(...words: string[]): Promise<{ job: Job; terminal: FakeTerminal }> {
  const terminal = new FakeTerminal()
  assert.equal(await terminal.run(manifestCommand, ...words), 0)
  return { job: load(terminal.lines.join('\n')) as Job, terminal }
}

const IMAGE = ['--image', 'registry.example/bank:1']

const MANIFESTS: readonly (readonly string[])[] = [
  ['bank.js', ...IMAGE, '--executions', '10000'],
  ['bank.js', ...IMAGE, '--executions', '250', '--each', '100', '--claim', 'results'],
  ['/app/bank.js', ...IMAGE, '--shards', '7', '--using', 'omissions(max=2,crashes=1),dpor'],
  ['bank.js', ...IMAGE, '--shards', '3', '--using', 'random', '--each', '50', '--seconds', '60'],
  ['no', ...IMAGE, '--executions', '1', '--name', 'true', '--command', 'node troupe.js'],
]

describe('npx troupe k8s manifest', () => {
  for (const words of MANIFESTS) {
    it(`writes a Job as the schema wants it: ${words.join(' ')}`, async () => {
      const { job } = await manifest(...words)
      assert.deepEqual(breaches(job, JOB), [])
    })
  }

  it('shares runs out over pods, each with seeds of its own, a result being no failure', async () => {
    const { job } = await manifest('bank.js', ...IMAGE, '--executions', '10000', '--using', 'pos')
    assert.equal(job.spec.completions, 100)
    assert.equal(job.spec.parallelism, 10)
    assert.deepInclude(job.spec as object, {
      completionMode: 'Indexed',
      backoffLimitPerIndex: 1,
      podFailurePolicy: {
        rules: [
          {
            action: 'FailIndex',
            onExitCodes: { containerName: 'explore', operator: 'In', values: [2, 3] },
          },
        ],
      },
    })
    assert.deepEqual(
      job.spec.template.spec.containers[0]?.args.join(' '),
      'explore bank.js --using pos --executions 100 --shard job/100 --workers 1 --out /tmp/results --log-results',
    )
  })

  it('rounds up to whole pods and says how many runs that makes', async () => {
    const { job, terminal } = await manifest('bank.js', ...IMAGE, '--executions', '250')
    assert.equal(job.spec.completions, 3)
    assert.deepEqual(terminal.errors, ['3 pods of 100 runs: 300 in all'])
  })

  it('writes results to a claim where there is one', async () => {
    const { job } = await manifest('bank.js', ...IMAGE, '--executions', '1', '--claim', 'shared')
    const { containers, volumes } = job.spec.template.spec as unknown as Record<string, object[]>
    assert.deepInclude(volumes?.[0], { persistentVolumeClaim: { claimName: 'shared' } })
    const [container] = containers as [{ args: string[]; volumeMounts: object[] }]
    assert.deepEqual(container.volumeMounts, [{ name: 'results', mountPath: '/results' }])
    assert.notInclude(container.args, '--log-results')
  })

  it('writes to a file', async () => {
    const terminal = new FakeTerminal()
    const words = ['bank.js', ...IMAGE, '--executions', '1', '--out', 'job.yaml']
    assert.equal(await terminal.run(manifestCommand, ...words), 0)
    assert.deepEqual(terminal.lines, [])
    assert.deepEqual(breaches(load(String(terminal.files.get('job.yaml'))), JOB), [])
  })

  const WRONG: readonly (readonly [string[], RegExp])[] = [
    [[], /which file/],
    [['bank.js', '--executions', '1'], /--image is needed/],
    [['bank.js', ...IMAGE], /--executions or --shards is needed/],
    [['bank.js', ...IMAGE, '--executions', '0'], /--executions must be a whole number from 1/],
    [['bank.js', ...IMAGE, '--executions', '9', '--shards', '2'], /not both/],
    [['bank.js', ...IMAGE, '--shards', '2'], /explorers that count seeds need --each/],
    [['bank.js', ...IMAGE, '--executions', '99999999', '--each', '1'], /too many: raise --each/],
    [['bank.js', ...IMAGE, '--executions', '9', '--using', 'luck'], /made of random, pos/],
    [['bank.js', ...IMAGE, '--executions', '9', '--name', 'A_b'], /--name must be small letters/],
    [['bank.js', ...IMAGE, '--executions', '9', '--level', 'x'], /--level must be one of/],
  ]
  for (const [words, complaint] of WRONG) {
    it(`refuses "${words.join(' ')}"`, async () => {
      const error = await new FakeTerminal().run(manifestCommand, ...words).catch((e: Error) => e)
      assert.match(String(error), complaint)
    })
  }

  it('has a schema that finds what is wrong', async () => {
    const { job } = await manifest('bank.js', ...IMAGE, '--executions', '1')
    const bad = { ...job, spec: { ...job.spec, completions: '1', backofLimit: 1 } }
    assert.lengthOf(breaches(bad, JOB), 2)
  })
})

describe('YAML', () => {
  const VALUES: readonly YamlValue[] = [
    [
      'yes',
      'no',
      'on',
      'Null',
      '~',
      '',
      ' ',
      '1',
      '1.5',
      '0x1f',
      '1e3',
      '-',
      '- a',
      'a: b',
      'a #b',
    ],
    [
      'true',
      '.inf',
      '2026-01-01',
      '&a',
      '*a',
      '!a',
      '%a',
      '@a',
      '`a`',
      "'",
      '"',
      '\\',
      'a\nb',
      'ü',
    ],
    ['bank.js', '/results', '--out', 'a,b', '{}', '[]', 'a:', ':a', '?', 'job/100', '\u2028', '\t'],
    {
      a: { b: [{ c: 1, d: ['x', { e: true }] }, []], f: {} },
      no: 2,
      '1': 'x',
      'a b': [[1], [[2]]],
    },
    [],
    'alone',
  ]
  for (const value of VALUES) {
    it(`is read back as it was: ${JSON.stringify(value)}`, () => {
      assert.deepEqual(load(yaml(value)), value as unknown)
    })
  }

  it('leaves out what is undefined', () => {
    assert.equal(yaml({ a: 1, b: undefined }), 'a: 1\n')
  })
})
