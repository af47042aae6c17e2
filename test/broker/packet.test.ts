import { assert } from 'chai'
import * as fc from 'fast-check'
import {
  encodeOpening,
  encodePacket,
  PACKET,
  PACKET_HEAD_BYTES,
  type PacketHead,
  readOpening,
  readPacket,
} from '../../src/broker/packet.js'
import { incarnationFor } from '../overlay/core-network.js'

const HEAD: PacketHead = {
  kind: PACKET.DATA,
  byDialler: true,
  from: incarnationFor(7),
  number: 2 ** 40 + 1,
  value: 2 ** 47 + 3,
}

describe('packets of virtual connections', () => {
  it('come back as they went, whatever the body is split into', () => {
    for (const kind of Object.values(PACKET)) {
      for (const byDialler of [true, false]) {
        const head = { ...HEAD, kind, byDialler }
        const parts = [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]
        const { body, ...read } = readPacket(encodePacket(head, parts)) ?? assert.fail()
        assert.deepEqual(read, head)
        assert.deepEqual([...body], [1, 2, 3])
      }
    }
  })

  it('are refused when they are cut short, of no kind, or of nobody', () => {
    const good = encodePacket(HEAD)
    const bad: [string, (bytes: Uint8Array) => Uint8Array][] = [
      ['empty', () => new Uint8Array(0)],
      ['one byte short', (bytes) => bytes.subarray(0, PACKET_HEAD_BYTES - 1)],
      ['kind 0', (bytes) => bytes.fill(0x80, 0, 1)],
      ['kind 9', (bytes) => bytes.fill(9, 0, 1)],
      ['no ULID', (bytes) => bytes.fill(0x20, 1, 2)],
    ]
    for (const [what, change] of bad) {
      assert.isUndefined(readPacket(change(Uint8Array.from(good))), what)
    }
  })

  it('never throw, whatever bytes they are read from', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const packet = readPacket(bytes)
        if (packet !== undefined) readOpening(packet.body)
        readOpening(bytes)
      }),
    )
  })

  it('carry an opening: port, window, name', () => {
    const opening = { port: 65_535, window: 2 ** 40, name: 'ä.node' }
    assert.deepEqual(readOpening(encodeOpening(opening)), opening)
    assert.isUndefined(readOpening(encodeOpening(opening).subarray(0, 7)))
    for (const name of ['x'.repeat(600), '', 'a forged\nline']) {
      assert.isUndefined(readOpening(encodeOpening({ ...opening, name })), name)
    }
  })
})
