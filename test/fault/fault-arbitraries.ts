import fc from 'fast-check'
import type { Fault } from '../../src/fault/fault.js'

const node = fc.stringMatching(/^[A-Za-z0-9._-]{1,64}$/)
const peer = fc.oneof(node, fc.constant('*'))
const name = fc.stringMatching(/^[^\s{}"#]{1,20}$/)
const share = fc.oneof(
  fc.constant(100),
  fc.integer({ min: 1, max: 100_000 }).map((n) => n / 1_000),
)
const duration = fc.oneof(
  fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  fc.integer({ min: 0, max: 5_000_000 }).map((us) => us / 1_000),
)

const label = fc
  .record({
    from: node,
    to: node,
    name,
    ordinal: fc.option(fc.integer({ min: 1, max: 999_999_999 }), { nil: undefined }),
  })
  .map(({ ordinal, ...rest }) => (ordinal === undefined ? rest : { ...rest, ordinal }))

const groups = fc
  .uniqueArray(node, { minLength: 2, maxLength: 8 })
  .chain((names) =>
    fc
      .integer({ min: 1, max: names.length - 1 })
      .map((at) => [names.slice(0, at), names.slice(at)] as const),
  )

const manyGroups = fc
  .uniqueArray(node, { minLength: 3, maxLength: 8 })
  .map((names) => names.map((one) => [one]))

const argument = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  node,
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.boolean(),
  fc.constantFrom('true', '1e3', '', '#', '{', 'Infinity', '-'),
)

const is = <V extends string>(verb: V) => fc.constant(verb)

/** Any fault there can be. */
export const anyFault: fc.Arbitrary<Fault> = fc.oneof(
  fc.record({ verb: is('partition'), groups, oneway: fc.boolean() }),
  fc.record({ verb: is('partition'), groups: manyGroups, oneway: fc.constant(false) }),
  fc.record({ verb: is('heal') }),
  fc
    .record({ verb: is('crash'), node, after: fc.option(label), loseUnsynced: fc.boolean() })
    .map(({ after, ...rest }) => (after === null ? rest : { ...rest, after })),
  fc.record({ verb: is('restart'), node, loseUnsynced: fc.boolean() }),
  fc.record({ verb: is('pause'), node }),
  fc.record({ verb: is('resume'), node }),
  fc.record({ verb: is('egress_delay'), node, peer, ms: duration }),
  fc.record({ verb: is('ingress_delay'), node, peer, ms: duration }),
  fc.record({ verb: is('omit'), message: label }),
  fc.record({ verb: is('omit_send'), node, peer, percent: share }),
  fc.record({ verb: is('omit_receive'), node, peer, percent: share }),
  fc.record({ verb: is('omit_all'), node, percent: share }),
  fc.record({
    verb: is('duplicate'),
    what: fc.oneof(label, fc.record({ from: peer, to: peer })),
    percent: share,
  }),
  fc.record({ verb: is('reorder'), from: peer, to: peer, windowMs: duration }),
  fc.record({
    verb: is('byzantine'),
    node,
    how: fc.constantFrom('bitflip' as const, 'corrupt' as const),
    where: fc.constantFrom('wire' as const, 'store' as const),
    percent: share,
  }),
  fc.record({
    verb: is('byzantine'),
    node,
    how: fc.constant('stale' as const),
    where: fc.constant('wire' as const),
    percent: share,
  }),
  fc.record({ verb: is('connection'), a: node, b: node, how: fc.constant('reset' as const) }),
  fc.record({
    verb: is('clock'),
    node,
    how: fc.constantFrom('offset' as const, 'jump' as const),
    amount: fc.integer({ min: -2_000_000_000, max: 2_000_000_000 }).map((us) => us / 1_000 + 0),
  }),
  fc.record({
    verb: is('clock'),
    node,
    how: fc.constant('drift' as const),
    amount: fc.integer({ min: -500_000, max: 500_000 }).map((ppm) => ppm + 0),
  }),
  fc.record({
    verb: is('store'),
    node,
    how: fc.constantFrom('slow' as const, 'fail' as const, 'torn' as const, 'full' as const),
  }),
  fc.record({ verb: is('resolve_all') }),
  fc.record({
    verb: is('user'),
    name: fc.stringMatching(/^[A-Za-z_-][^\s{}"#]{0,20}$/),
    args: fc.array(argument, { maxLength: 4 }),
  }),
)
