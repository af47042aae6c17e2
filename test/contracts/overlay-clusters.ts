import { codeOf, type Node } from '../../src/index.js'
import { Desk, type OverlaySubject, Town, type TownGround } from './overlay-town.js'

export type { OverlaySubject, TownGround }

/** One promise about whole clusters; `run` rejects when it is broken. Bind it to any test runner. */
export interface ClusterCase {
  readonly title: string
  run(): Promise<void>
}

/**
 * What every overlay keeps with whole nodes over it: actors, watches, groups and joins work the same,
 * whoever is connected to whom. Each case runs on a ground of its own. After each, the events about
 * members and `members()` must agree on every node, nobody may have broken the rules of the overlay,
 * and all nodes must stop in time.
 */
export function overlayClusterCases(
  subject: OverlaySubject,
  ground: () => TownGround,
): readonly ClusterCase[] {
  const { joins = true, removesOthers = true, rejoins = true, partitions = true } = subject
  const { nodes = 5 } = subject
  const names = namesOf(nodes)
  const bodies: [title: string, body: (town: Town) => Promise<void>, applies?: boolean][] = [
    ['a node is alone until another comes, and answers itself', alone],
    [`${nodes} nodes that come one after the other become one cluster`, settles(names)],
    [`${nodes} nodes that come at once become one cluster`, storm(names)],
    ['keeps the order of what one node sends another, and carries large answers', carries(names)],
    ['brings a broadcast to a group to the members on all nodes', groups(names)],
    ['a node that leaves is alone and knows; it may come back', leaves(names)],
    ['a node that another removes knows that it is out', removes(names), removesOthers],
    ['a watch tells the end of a node, and the rest stays one', survives(names)],
    ['takes the next incarnation of a node in place of the last', restarts(names, false)],
    ['a node that starts again comes back by itself', restarts(names, true), rejoins],
    ['finds a node that starts again at another address', restarts(names, false, true), joins],
    ['heals a partition', heals(names), partitions],
    ['refuses nodes of another overlay with the reason, and is not disturbed', refuses, joins],
  ]
  return bodies
    .filter(([, , applies = true]) => applies)
    .map(([title, body]) => ({ title, run: () => within(new Town(ground(), subject), body) }))
}

async function within(town: Town, body: (town: Town) => Promise<void>): Promise<void> {
  let failed = true
  try {
    await body(town)
    const faults = [...town.citizens.values()].flatMap((one) => one.faults())
    must(faults.length === 0, faults.join('; '))
    failed = false
  } finally {
    const closed = town.close()
    await (failed ? closed.catch(() => {}) : closed)
  }
}

async function alone(town: Town): Promise<void> {
  await town.plan(['n0'])
  const one = await town.start('n0')
  await town.ground.run(500)
  must(one.members().join() === 'n0', `it knows ${one.members()}`)
  await town.allAnswer(['n0'])
  await isUnknown(town, 'nobody', 'n0')
}

const settles = (names: readonly string[]) => async (town: Town) => {
  await town.settled(names)
  await town.allAnswer(names)
}

const storm = (names: readonly string[]) => async (town: Town) => {
  await town.plan(names)
  for (const name of names) await town.start(name)
  await town.joinAll(names.slice(1), names[0] as string)
  await town.converged(names)
  await town.allAnswer(names)
}

const carries = (names: readonly string[]) => async (town: Town) => {
  await town.settled(names)
  const [first, last] = [names[0] as string, names.at(-1) as string]
  const desk = town.desk(last, first)
  for (let i = 0; i < 200; i++) desk.tell.note(i)
  const bytes = Uint8Array.from({ length: 500_000 }, (_, i) => i & 255)
  const asks = Promise.all([desk.ask.echo(bytes), desk.ask.notes()])
  const [same, notes] = (await town.ground.complete(asks)) as [Uint8Array, unknown[]]
  must(notes.join() === Array.from({ length: 200 }, (_, i) => i).join(), `it noted ${notes}`)
  must(same.length === bytes.length && same.every((byte, i) => byte === (i & 255)), 'it changed')
}

const groups = (names: readonly string[]) => async (town: Town) => {
  const citizens = await town.settled(names)
  const group = ({ node }: { node: Node }) => node.group(Desk, 'all desks')
  const joins = citizens.map((one) => group(one).join(town.desk(one.node.name, one.node.name)))
  await town.ground.complete(Promise.all(joins))
  await town.ground.until('all see all members', () =>
    citizens.every((one) => group(one).members().length === names.length),
  )
  group(citizens[1] as (typeof citizens)[number]).tell.note('to all')
  for (const name of names) {
    const desk = town.desk(name, name)
    const notes = () => town.ground.complete(desk.ask.notes())
    for (let i = 0; i < 100 && (await notes()).length === 0; i++) await town.ground.run(20)
    must((await notes()).join() === 'to all', `${name} noted ${await notes()}`)
  }
}

const leaves = (names: readonly string[]) => async (town: Town) => {
  await town.settled(names)
  const gone = town.citizen('n1')
  const rest = names.filter((name) => name !== 'n1')
  gone.node.leave()
  await town.ground.until('it is alone', () => gone.members().join() === 'n1')
  await town.converged(rest)
  must(gone.lefts.join() === 'true', `it heard of its leave as [${gone.lefts}]`)
  await town.allAnswer(rest)
  await isUnknown(town, 'n1', 'n0')
  if (town.joins) await town.join('n1', 'n2')
  else for (const name of rest) await town.dial('n1', name)
  await town.converged(names)
  await town.allAnswer(names)
}

const removes = (names: readonly string[]) => async (town: Town) => {
  await town.settled(names)
  const gone = town.citizen('n3')
  const rest = names.filter((name) => name !== 'n3')
  // In a partial view not all know it, and nobody removes whom it does not know.
  const knows = (name: string): boolean => town.citizen(name).members().includes('n3')
  town.citizen(rest.find(knows) as string).node.leave('n3')
  await town.ground.until('it is alone', () => gone.members().join() === 'n3')
  await town.converged(rest)
  must(gone.lefts.join() === 'false', `it heard of its removal as [${gone.lefts}]`)
  await town.allAnswer(rest)
}

const survives = (names: readonly string[]) => async (town: Town) => {
  await town.settled(names)
  const dead = names.at(-1) as string
  const rest = names.slice(0, -1)
  for (const name of rest) {
    const own = town.desk(name, name)
    await town.ground.complete(own.ask.follow(town.desk(dead, name)))
    await town.ground.complete(town.desk(dead, name).ask.host()) // answered behind the watch
  }
  await town.ground.crash(dead)
  for (const name of rest) {
    const downs = () => town.ground.complete(town.desk(name, name).ask.downs())
    for (let i = 0; i < 300 && (await downs()).length === 0; i++) await town.ground.run(50)
    must((await downs()).join() === 'nodeDown', `${name} heard [${await downs()}]`)
  }
  await town.allAnswer(rest)
}

const restarts =
  (names: readonly string[], byItself: boolean, elsewhere = false) =>
  async (town: Town) => {
    await town.settled(names)
    const { incarnation } = town.citizen('n2').node
    await town.ground.crash('n2')
    await town.start('n2', elsewhere ? { listen: await town.ground.nextAddressOf('n2') } : {})
    if (!byItself) await town.join('n2', 'n0')
    await town.converged(names)
    for (const { node } of town.citizens.values()) {
      const held = node.members().some((member) => member.incarnation === incarnation)
      must(!held, `${node.name} holds the incarnation that died`)
    }
    await town.allAnswer(names)
  }

const heals = (names: readonly string[]) => async (town: Town) => {
  await town.settled(names)
  let sides: readonly string[][] | undefined
  await town.ground.until('two sides hold together without each other', () => {
    sides = sidesOf(town, names)
    return sides !== undefined
  })
  const [some, others] = sides as [string[], string[]]
  const heal = town.ground.partition(some, others)
  const apart = (): boolean =>
    some.every((a) =>
      others.every((b) => !town.citizen(a).node.isUp(b) && !town.citizen(b).node.isUp(a)),
    )
  await town.ground.until('both sides notice', apart)
  await town.allAnswer(some)
  await town.allAnswer(others)
  heal()
  await town.converged(names)
  await town.allAnswer(names)
}

/** Two nodes and the rest, each side one by what its nodes know of it: else a part of it would be alone, not apart. */
function sidesOf(town: Town, names: readonly string[]): string[][] | undefined {
  const pairs = names.flatMap((a, i) => names.slice(i + 1).map((b) => [a, b]))
  return pairs
    .map((pair) => [pair, names.filter((name) => !pair.includes(name))])
    .find((sides) => sides.every((side) => holdsTogether(town, side)))
}

function holdsTogether(town: Town, side: readonly string[]): boolean {
  const knows = (a: string, b: string): boolean => town.citizen(a).members().includes(b)
  const seen = new Set(side.slice(0, 1))
  for (const a of seen) for (const b of side) if (knows(a, b) && knows(b, a)) seen.add(b)
  return seen.size === side.length
}

async function refuses(town: Town): Promise<void> {
  const names = namesOf(2)
  await town.settled(names)
  const inner = town.subject.make([])
  const overlay = { name: 'another', create: inner.create.bind(inner) }
  const { node } = await town.ground.start('stranger', { overlay })
  for (const [from, to] of [
    [node, town.citizen('n0').node],
    [town.citizen('n0').node, node],
  ] as const) {
    const code = await codeFrom(town, from.join(to.address))
    must(code === 'ERR_OVERLAY_MISMATCH', `${from.name} got ${code}`)
  }
  await town.converged(names)
  await town.allAnswer(names)
}

async function isUnknown(town: Town, name: string, to: string): Promise<void> {
  const ask = () => codeFrom(town, town.desk(name, to).ask.host())
  // Over partial views any name may be somebody's, and is looked for.
  const partial = town.capabilities.membership === 'partial'
  const wanted = partial ? 'ERR_NO_ROUTE' : 'ERR_UNKNOWN_NODE'
  let code = await ask()
  // Who still dials it may hear only then that it is no member any more.
  for (let i = 0; i < 50 && code !== wanted; i++) {
    await town.ground.run(20)
    code = await ask()
  }
  must(code === wanted, `${to} got ${code} from ${name}`)
}

async function codeFrom(town: Town, promise: Promise<unknown>): Promise<string> {
  const outcome = promise.then(
    () => 'no error',
    (error: unknown) => codeOf(error) ?? String(error),
  )
  return town.ground.complete(outcome)
}

const namesOf = (count: number): string[] => Array.from({ length: count }, (_, i) => `n${i}`)

function must(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise)
}
