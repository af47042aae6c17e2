import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { assert } from 'chai'
import {
  clientServer,
  codeOf,
  type Environment,
  fullMesh,
  type NodeOptions,
  overlayNamed,
  overlayNames,
  realWorld,
  silentLogger,
  startNode,
} from '../../src/index.js'
import { completeOptions } from '../../src/node/given-options.js'
import { readNodeOptions } from '../../src/node/node-options.js'
import { overlayFromText } from '../../src/node/overlay-named.js'
import { Simulation } from '../../src/simulation/simulation.js'

const environment = (value: string | undefined): Environment => ({
  variable: (name) => (name === 'TROUPE_OVERLAY' ? value : undefined),
  readFile: () => Promise.reject(new Error('no files here')),
})

/** The name of the overlay that a node would run. */
const chosen = (given: Partial<NodeOptions>, variable?: string, file: object = {}): string =>
  readNodeOptions(completeOptions({ name: 'a', ...given }, environment(variable), file)).overlay
    .name

const refusal = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    assert.equal(codeOf(error), 'ERR_BAD_OPTION')
    return (error as Error).message
  }
  return assert.fail('it was taken')
}

describe('the overlay of a node', () => {
  it('is a full mesh when nobody says anything', () => {
    assert.equal(chosen({}), 'full-mesh')
    assert.equal(chosen({}, undefined), 'full-mesh')
  })

  it('is what the code says, which beats the environment, which beats the file', () => {
    const file = { overlay: 'client-server {"role":"server"}' }
    assert.equal(chosen({}, undefined, file), 'client-server')
    assert.equal(chosen({}, 'static ["h:1"]', file), 'static')
    assert.equal(chosen({ overlay: fullMesh() }, 'static ["h:1"]', file), 'full-mesh')
    assert.equal(chosen({ overlay: undefined }, 'static', file), 'static')
  })

  it('has options of its own by name too', () => {
    const options = { role: 'client' }
    assert.equal(chosen({ overlay: { name: 'client-server', options } }), 'client-server')
    assert.equal(chosen({ overlay: 'clientServer {"role":"client"}' }), 'client-server')
    assert.equal(chosen({ overlay: 'static ["a:1", "b:2"]' }), 'static')
    assert.equal(chosen({ overlay: clientServer({ role: 'client' }) }), 'client-server')
  })

  it('can be asked for as it is written in code or in the handshake', () => {
    for (const name of overlayNames()) {
      const options = name === 'client-server' ? { role: 'server' } : undefined
      const camel = name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
      for (const one of [name, camel]) assert.equal(overlayNamed(one, options).name, name)
    }
    assert.equal(overlayNamed('staticMembers', ['a:1']).name, 'static')
  })

  for (const [given, text] of [
    [
      'hyperview',
      /no overlay "hyperview"; there are: .*client-server, cyclon, full-mesh, .*static/,
    ],
    ['constructor', /TROUPE_OVERLAY: there is no overlay "constructor"/],
    ['__proto__', /no overlay/],
    ['full-mesh {"gossipMs":0}', /fullMesh\.gossipMs must be/],
    ['full-mesh {"fast":1}', /fullMesh\.fast is not an option/],
    ['full-mesh {gossipMs:1}', /TROUPE_OVERLAY: the options of the overlay are not JSON/],
    ['full-mesh 7', /TROUPE_OVERLAY must be the name of an overlay/],
    ['  ', /TROUPE_OVERLAY must be/],
    ['client-server', /clientServer\.role must be/],
    ['static {"a":1}', /staticMembers must be a list/],
  ] as const) {
    it(`is refused when the environment says ${JSON.stringify(given)}`, () => {
      assert.match(
        refusal(() => overlayFromText(given, 'TROUPE_OVERLAY')),
        text,
      )
    })
  }

  for (const overlay of [7, null, {}, { name: 7 }, { name: 'full-mesh', size: 1 }]) {
    it(`is refused when the code says ${JSON.stringify(overlay)}`, () => {
      const given = { name: 'a', overlay } as unknown as NodeOptions
      assert.match(
        refusal(() => readNodeOptions(given)),
        /startNode\.overlay must be an overlay/,
      )
    })
  }

  it('is no business of the environment in a simulation', async () => {
    process.env['TROUPE_OVERLAY'] = 'nonsense'
    try {
      const sim = new Simulation({ seed: 1 })
      const node = await sim.complete(startNode({ name: 'a', world: sim.world('a') }))
      assert.equal(node.members().length, 1)
      await sim.complete(node.stop())
      const real = startNode({ name: 'a', logger: silentLogger })
      assert.equal(await real.then(() => 'started', codeOf), 'ERR_BAD_OPTION')
    } finally {
      delete process.env['TROUPE_OVERLAY']
    }
  })

  it('and that of another node are both named when they differ', async () => {
    const sim = new Simulation({ seed: 1 })
    const overlays = { a: 'full-mesh', b: 'client-server {"role":"server"}' }
    const [a, b] = await sim.complete(
      Promise.all(
        Object.entries(overlays).map(([name, overlay]) =>
          startNode({
            name,
            overlay,
            listen: { host: name, port: 9_000 },
            cookie: 'c',
            logger: silentLogger,
            world: sim.world(name),
          }),
        ),
      ),
    )
    for (const [from, to] of [
      [a, b],
      [b, a],
    ]) {
      const error = await sim.complete(
        (from?.join(to?.address ?? '') ?? Promise.resolve('')).catch((e: unknown) => e),
      )
      assert.equal(codeOf(error), 'ERR_OVERLAY_MISMATCH')
      assert.match((error as Error).message, /full-mesh/)
      assert.match((error as Error).message, /client-server/)
    }
    await sim.complete(Promise.all([a?.stop(), b?.stop()]))
  })
})

describe('a configuration file', () => {
  let folder = ''
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'troupe-'))
  })
  after(() => rm(folder, { recursive: true }))

  const written = async (text: string): Promise<string> => {
    const path = join(folder, 'troupe.json')
    await writeFile(path, text)
    return path
  }

  it('gives the options that the code does not', async () => {
    const config = await written('{ "name": "x", "tags": ["blue"], "overlay": "full-mesh" }')
    const node = await startNode({ name: 'a', config, logger: silentLogger })
    try {
      const [self] = node.members()
      assert.equal(self?.name, 'a')
      assert.deepEqual(self?.tags, ['blue'])
    } finally {
      await node.stop()
    }
  })

  for (const [text, refused] of [
    ['{', /holds no JSON object/],
    ['{ "cookie": "s3cret", }', /^(?!.*s3cret).*holds no JSON object/],
    ['[]', /holds no JSON object/],
    ['{ "nonsense": 1 }', /startNode\.nonsense is not an option/],
    ['{ "overlay": "hyperview" }', /no overlay "hyperview"/],
    ['{ "logger": {} }', /has logger, which belongs in code/],
    ['{ "tags": "blue" }', /startNode\.tags must be/],
  ] as const) {
    it(`is refused with the reason: ${text}`, async () => {
      const config = await written(text)
      const error = await startNode({ name: 'a', config, logger: silentLogger }).then(
        () => assert.fail('it was taken'),
        (e: unknown) => e,
      )
      assert.equal(codeOf(error), 'ERR_BAD_OPTION')
      assert.match((error as Error).message, refused)
    })
  }

  it('that is missing, or in a world without files, is refused', async () => {
    const sim = new Simulation({ seed: 1 })
    for (const world of [realWorld(), sim.world('a')]) {
      const given = { name: 'a', config: '/nowhere/troupe.json', world, logger: silentLogger }
      assert.equal(await startNode(given).then(() => 'started', codeOf), 'ERR_BAD_OPTION')
    }
  })
})
