import { assert } from 'chai'
import { TroupeError } from '../../src/base/errors.js'
import type { Greeting } from '../../src/peer/greeting.js'
import { OPEN_SESSION, OUTCOME } from '../../src/peer/greeting.js'
import { Handshake, type HandshakeEffect } from '../../src/peer/handshake.js'
import { Codec } from '../../src/wire/codec.js'
import { FRAME, type FrameKind } from '../../src/wire/frame.js'
import { realCrypto } from '../../src/world/real/real-crypto.js'

const codec = new Codec()
const ID = { dialler: '01ARZ3NDEKTSV4RRFFQ69G5FAV', acceptor: '01BX5ZZKBKACTAV9WEVGEMMVRZ' }
type Role = keyof typeof ID

function side(role: Role, cookie: string | undefined = 'secret', nonce = role.length): Handshake {
  return new Handshake({
    role,
    incarnation: ID[role],
    nonce: new Uint8Array(32).fill(nonce),
    cookie: cookie === undefined ? undefined : Buffer.from(cookie),
    crypto: realCrypto,
    encode: (value) => codec.encodeValue(value),
    decode: (bytes) => codec.decodeValue(bytes),
  })
}

const greeting = (role: Role): Greeting => ({
  member: {
    name: role,
    incarnation: ID[role],
    generation: 3,
    addresses: [{ host: '10.0.0.1', port: 9000 }],
    tags: ['red'],
  },
  overlay: 'mesh',
  channels: [
    ['membership', 1],
    ['default', 2],
  ],
  credit: [['default', 100, 1_000_000]],
  clock: 7,
  maxMessageBytes: 1_000_000,
})

/** Runs both sides against each other; `tamper` sees every body on its way. */
function run(
  dialler: Handshake,
  acceptor: Handshake,
  tamper: (kind: number, body: Uint8Array) => Uint8Array = (_kind, body) => body,
): HandshakeEffect[] {
  const seen: HandshakeEffect[] = []
  const queue: [Handshake, readonly HandshakeEffect[]][] = [
    [acceptor, acceptor.step({ type: 'start' })],
    [dialler, dialler.step({ type: 'start' })],
  ]
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [from, effects] = next
    const to = from === dialler ? acceptor : dialler
    for (const effect of effects) {
      seen.push(effect)
      if (effect.type === 'send') {
        const body = tamper(effect.kind, effect.body)
        queue.push([to, to.step({ type: 'frame', kind: effect.kind, body })])
      }
      if (effect.type === 'challenged') {
        const ask = { type: 'ask', purpose: OPEN_SESSION, greeting: greeting('dialler') } as const
        queue.push([from, from.step(ask)])
      }
      if (effect.type === 'proven') {
        const answer = {
          type: 'answer',
          outcome: OUTCOME.OPEN,
          greeting: greeting('acceptor'),
          holder: '',
        } as const
        queue.push([from, from.step(answer)])
      }
    }
  }
  return seen
}

const ends = (effects: readonly HandshakeEffect[]): string[] =>
  effects.flatMap((effect) =>
    effect.type === 'ended' ? ['ended'] : effect.type === 'failed' ? [effect.error.code] : [],
  )

describe('handshake', () => {
  for (const cookie of ['secret', undefined]) {
    it(`ends with both sides knowing each other, ${cookie ? 'with' : 'without'} a cookie`, () => {
      const make = (role: Role): Handshake =>
        cookie === undefined ? new Handshake({ ...configOf(role), cookie: undefined }) : side(role)
      const effects = run(make('dialler'), make('acceptor'))
      const known = effects.flatMap((e) => (e.type === 'ended' ? [e.greeting] : []))
      assert.deepEqual(known, [greeting('dialler'), greeting('acceptor')])
    })
  }

  it('never sends the cookie, and names nobody before the proof', () => {
    const effects = run(side('dialler', 'open sesame'), side('acceptor', 'open sesame'))
    for (const effect of effects) {
      if (effect.type !== 'send') continue
      const text = Buffer.from(effect.body).toString('latin1')
      assert.notInclude(text, 'open sesame')
      if (effect.kind < FRAME.PROOF) assert.notMatch(text, /dialler|acceptor|10\.0\.0\.1/)
    }
  })

  it('refuses another cookie', () => {
    const effects = run(side('dialler', 'one'), side('acceptor', 'two'))
    assert.deepEqual(ends(effects), ['ERR_COOKIE', 'ERR_COOKIE'])
  })

  it('does not take for good an acceptor that only pretends to know the cookie', () => {
    const effects = run(side('dialler'), side('acceptor'), (kind, body) => {
      if (kind !== FRAME.WELCOME) return body
      const [mac, said] = codec.decodeValue(body) as [Uint8Array, Uint8Array]
      return codec.encodeValue([new Uint8Array(mac.length), said])
    })
    assert.deepEqual(ends(effects), ['ended', 'ERR_COOKIE'])
  })

  it('does not take a proof of another conversation, or its own reflected', () => {
    let recorded: Uint8Array | undefined
    run(side('dialler'), side('acceptor'), (kind, body) => {
      if (kind === FRAME.PROOF) recorded = body
      return body
    })
    const replayed = run(side('dialler'), side('acceptor', 'secret', 99), (kind, body) =>
      kind === FRAME.PROOF ? (recorded as Uint8Array) : body,
    )
    assert.include(ends(replayed), 'ERR_COOKIE')
    let proof: Uint8Array | undefined
    const reflected = run(side('dialler'), side('acceptor'), (kind, body) => {
      if (kind === FRAME.PROOF) proof = body
      return kind === FRAME.WELCOME ? (proof as Uint8Array) : body
    })
    assert.deepEqual(ends(reflected), ['ended', 'ERR_COOKIE'])
  })

  it('notices any change to what was said', () => {
    for (const kind of [FRAME.HELLO, FRAME.CHALLENGE, FRAME.PROOF, FRAME.WELCOME]) {
      const effects = run(side('dialler'), side('acceptor'), (each, body) => {
        if (each !== kind) return body
        const changed = Uint8Array.from(body)
        const at = changed.length - 30
        changed[at] = (changed[at] as number) ^ 1
        return changed
      })
      assert.notDeepEqual(ends(effects), ['ended', 'ended'], `frame ${kind}`)
    }
  })

  it('a dialler that has reached itself stops at the challenge', () => {
    const mirror = new Handshake({ ...configOf('acceptor'), incarnation: ID.dialler })
    assert.include(ends(run(side('dialler'), mirror)), 'ERR_JOIN_SELF')
  })

  it('ends by its timeout, and says so to a stranger', () => {
    const acceptor = side('acceptor')
    acceptor.step({ type: 'start' })
    const effects = acceptor.step({ type: 'timeout', afterMs: 5_000 })
    assert.deepEqual(
      effects.map((effect) => effect.type),
      ['send', 'failed'],
    )
    assert.deepEqual(ends(effects), ['ERR_HANDSHAKE_TIMEOUT'])
    assert.deepEqual(acceptor.step({ type: 'timeout', afterMs: 1 }), [])
  })

  it('a node that was replaced hears by whom, in a proof that nobody can make up', () => {
    const replacing = (proven: boolean): readonly HandshakeEffect[] => {
      const [dialler, acceptor] = [side('dialler'), side('acceptor')]
      const sent = (effects: readonly HandshakeEffect[]): Uint8Array =>
        effects.flatMap((effect) => (effect.type === 'send' ? [effect.body] : []))[0] as Uint8Array
      const frame = (kind: FrameKind, body: Uint8Array) => ({ type: 'frame', kind, body }) as const
      acceptor.step({ type: 'start' })
      const hello = frame(FRAME.HELLO, sent(dialler.step({ type: 'start' })))
      dialler.step(frame(FRAME.CHALLENGE, sent(acceptor.step(hello))))
      const ask = { type: 'ask', purpose: OPEN_SESSION, greeting: greeting('dialler') } as const
      acceptor.step(frame(FRAME.PROOF, sent(dialler.step(ask))))
      const { REPLACED } = OUTCOME
      const holder = proven ? ID.acceptor : 'nobody'
      const answer = { type: 'answer', outcome: REPLACED, greeting: greeting('acceptor') } as const
      return dialler.step(frame(FRAME.WELCOME, sent(acceptor.step({ ...answer, holder }))))
    }
    const [end] = replacing(true)
    assert.deepInclude(end, { type: 'ended', outcome: OUTCOME.REPLACED, holder: ID.acceptor })
    assert.deepEqual(ends(replacing(false)), ['ERR_HANDSHAKE'], 'no incarnation')
  })

  it('a refusal reaches the dialler with code and reason; unknown codes as ERR_HANDSHAKE', () => {
    for (const [code, arrives] of [
      ['ERR_NAME_TAKEN', 'ERR_NAME_TAKEN'],
      ['ERR_CRASHED', 'ERR_HANDSHAKE'],
      [17, 'ERR_HANDSHAKE'],
    ] as const) {
      const dialler = side('dialler')
      dialler.step({ type: 'start' })
      const body = codec.encodeValue([code, 'because'])
      const [effect] = dialler.step({ type: 'frame', kind: FRAME.REFUSE, body })
      if (effect?.type !== 'failed') return assert.fail('no end')
      assert.instanceOf(effect.error, TroupeError)
      assert.equal(effect.error.code, arrives)
      assert.include(effect.error.message, 'because')
    }
  })

  it('turns away every malformed identity, whatever field is wrong', () => {
    const good = ['x', ID.dialler, 1, [['h', 1]], ['t'], 'mesh', [['default', 1]], 1, 1_000_000]
    const bad: [field: number, value: unknown][] = [
      [0, ''],
      [0, 'n'.repeat(256)],
      [0, 7],
      [1, 'not a ulid'],
      [2, -1],
      [2, 1.5],
      [3, [['h', 0]]],
      [3, [['h', 70_000]]],
      [3, Array(17).fill(['h', 1])],
      [4, [7]],
      [4, Array(65).fill('t')],
      [5, null],
      [6, [['c', 65]]],
      [6, [['c', 0]]],
      [6, Array(65).fill(['c', 1])],
      [6, [['c'.repeat(65), 1]]],
      [7, Number.NaN],
      [8, -1],
    ]
    for (const [field, value] of bad) {
      const wire = good.map((each, i) => (i === field ? value : each))
      const said = codec.encodeValue([0, 0, 'membership', 0, wire])
      const effects = run(
        new Handshake({ ...configOf('dialler'), cookie: undefined }),
        new Handshake({ ...configOf('acceptor'), cookie: undefined }),
        (kind, body) =>
          kind === FRAME.PROOF ? codec.encodeValue([new Uint8Array(0), said]) : body,
      )
      assert.deepEqual(ends(effects), ['ERR_HANDSHAKE', 'ERR_HANDSHAKE'], `${field}: ${value}`)
    }
  })
})

function configOf(role: Role) {
  return {
    role,
    incarnation: ID[role],
    nonce: new Uint8Array(32).fill(role.length),
    cookie: Buffer.from('secret') as Uint8Array | undefined,
    crypto: realCrypto,
    encode: (value: unknown) => codec.encodeValue(value),
    decode: (bytes: Uint8Array) => codec.decodeValue(bytes),
  }
}
