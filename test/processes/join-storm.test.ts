import { assert } from 'chai'
import { lan } from '../../src/index.js'
import { COOKIE, useNodes } from './local-nodes.js'
import { useProcesses } from './node-process-pool.js'
import { until } from './until.js'

const NODES = 20
/** What is promised is a few seconds; a busy machine may take longer over 20 processes. */
const WITHIN_MS = 20_000

describe(`A join storm of ${NODES} processes`, function () {
  this.timeout(120_000)
  const startNode = useNodes()
  const processes = useProcesses()

  it('through one contact at once ends with all being members of all, and connected', async () => {
    const contact = await startNode({ name: 'contact', timing: lan() })
    const joiners = await processes(NODES)
    const names = joiners.map((_, at) => `node-${at}`)
    await Promise.all(
      joiners.map((process, at) =>
        process.call('start', { name: names[at] as string, cookie: COOKIE, timing: lan() }),
      ),
    )
    const { address } = contact.node
    const joined = await Promise.all(joiners.map((one) => one.call('join', address, WITHIN_MS)))
    assert.deepEqual(new Set(joined), new Set(['contact']))

    const everybody = ['contact', ...names].sort()
    for (const [at, process] of joiners.entries()) {
      const others = everybody.filter((name) => name !== names[at])
      await until(
        `${names[at]} knows all and reaches all`,
        async () => {
          const members = (await process.call('members')).map((member) => member.name)
          const connected = await process.call('connected')
          return `${members}` === `${everybody}` && `${connected}` === `${others}`
        },
        WITHIN_MS,
      )
    }
    assert.deepEqual(
      contact.node.members().map((member) => member.name),
      everybody,
    )
    assert.isTrue(names.every((name) => contact.node.isUp(name)))
    assert.isEmpty(contact.told.filter(({ event }) => event === 'badMessage'))
  })
})
