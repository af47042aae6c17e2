/**
 * What one small tell costs in bytes: written into a lane's batch and read from it again, arguments
 * included. The baseline does the least that does the same with bare msgpackr: `[kind, to, method,
 * args]` packed, copied behind a length into one buffer, and unpacked from there. It loses Maps and
 * turns 5n into 5; it checks nothing. Medians of interleaved rounds, nanoseconds a message.
 */
import { Packr } from 'msgpackr'
import { Codec } from '../../src/wire/codec.js'
import { ENVELOPE, Envelope } from '../../src/wire/envelope.js'
import { FrameReader } from '../../src/wire/frame-reader.js'
import { FrameWriter } from '../../src/wire/frame-writer.js'
import { readEnvelope } from '../../src/wire/read-envelope.js'

const BATCH = 500
const ROUNDS = 41
const WARM_UP = 60

const CASES: Record<string, readonly unknown[]> = {
  tiny: [12],
  move: ['board-17', { column: 3, player: 'ann', at: 1_700_000_000_000 }],
  order: [
    {
      id: 4711,
      customer: 'Grace Hopper',
      items: Array.from({ length: 10 }, (_, i) => ({ sku: `sku-${i}`, count: i, price: i * 1.25 })),
    },
  ],
}

const codec = new Codec()
const packr = new Packr({
  useRecords: false,
  moreTypes: true,
  structuredClone: false,
  int64AsType: 'auto' as 'number',
})
let sink = 0

function ours(args: readonly unknown[]): { write: () => Buffer; read: (bytes: Buffer) => void } {
  const writer = new FrameWriter()
  const reader = new FrameReader()
  reader.open()
  const onFrame = (_kind: number, bytes: Buffer, start: number, end: number): void => {
    const envelope = readEnvelope(bytes, start, end)
    if (envelope.body !== undefined) sink += codec.decodeArgs(envelope.body).length
  }
  return {
    write() {
      for (let i = 0; i < BATCH; i++) {
        const envelope = new Envelope(ENVELOPE.TELL, 1000 + i, 3, 0, 77, args, undefined, undefined)
        writer.writeEnvelope(envelope, codec)
      }
      return whole(writer.take())
    },
    read: (bytes) => reader.push(bytes, onFrame),
  }
}

function bare(args: readonly unknown[]): { write: () => Buffer; read: (bytes: Buffer) => void } {
  return {
    write() {
      const batch = Buffer.allocUnsafeSlow(1024 * 1024)
      let at = 0
      for (let i = 0; i < BATCH; i++) {
        const packed = packr.pack([ENVELOPE.TELL, 1000 + i, 3, args])
        batch.writeUInt32LE(packed.length, at)
        batch.set(packed, at + 4)
        at += 4 + packed.length
      }
      return batch.subarray(0, at)
    },
    read(bytes) {
      let at = 0
      while (at < bytes.length) {
        const end = at + 4 + bytes.readUInt32LE(at)
        sink += (packr.unpack(bytes, { start: at + 4, end } as never) as unknown[]).length
        at = end
      }
    },
  }
}

/** The chunks of one batch as one connection would hand them over: unchanged when there is one. */
const whole = (chunks: Uint8Array[]): Buffer =>
  chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)

function measure(args: readonly unknown[]) {
  const rivals = [ours(args), bare(args)]
  const times: number[][] = [[], [], [], []]
  for (let round = -WARM_UP; round < ROUNDS; round++) {
    rivals.forEach((rival, r) => {
      const start = process.hrtime.bigint()
      let bytes = rival.write()
      for (let i = 1; i < 10; i++) bytes = rival.write()
      const written = process.hrtime.bigint()
      for (let i = 0; i < 10; i++) rival.read(bytes)
      const read = process.hrtime.bigint()
      if (round < 0) return
      times[2 * r]?.push(Number(written - start) / (10 * BATCH))
      times[2 * r + 1]?.push(Number(read - written) / (10 * BATCH))
    })
  }
  const [writeNs, readNs, bareWriteNs, bareReadNs] = times.map(median) as [
    number,
    number,
    number,
    number,
  ]
  return { writeNs, readNs, bareWriteNs, bareReadNs }
}

function median(numbers: number[]): number {
  const sorted = numbers.sort((a, b) => a - b)
  return Math.round((sorted[sorted.length >> 1] as number) * 10) / 10
}

const cells = Object.entries(CASES).map(([name, args]) => ({ name, ...measure(args) }))
const tiny = cells[0] as (typeof cells)[number]
const value = tiny.writeNs + tiny.readNs
const baseline = tiny.bareWriteNs + tiny.bareReadNs
console.log(
  JSON.stringify({
    bench: 'codec',
    value,
    unit: 'ns/message',
    baseline,
    ratio: baseline / value,
    writeNs: tiny.writeNs,
    readNs: tiny.readNs,
    bareWriteNs: tiny.bareWriteNs,
    bareReadNs: tiny.bareReadNs,
    cells,
    sink: sink > 0,
  }),
)
