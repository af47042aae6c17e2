import { OVERFLOW } from './byte-batch.js'
import { type Codec, tooLarge } from './codec.js'
import type { Envelope } from './envelope.js'
import { writeHead } from './envelope-writer.js'
import { FRAME, HEAD_BYTES } from './frame.js'
import { type FrameTemplate, putBodyBytes } from './frame-template.js'
import { putHead } from './frame-writer.js'
import { KeptEnvelope } from './kept-envelope.js'
import { ValueWriter } from './value-writer.js'

/** Slabs have up to twice as many bytes. */
const SLAB_BYTES = 16 * 1024

/**
 * Encodes envelopes that are kept until they are acknowledged, one behind the other in slabs: each costs one
 * small object, and is sent from where it lies. A slab lives as long as one of its envelopes does; those of one
 * store should not outlive each other by far.
 */
export class EnvelopeStore {
  readonly #out = new ValueWriter()
  readonly #codec: Codec
  #writing = false

  constructor(codec: Codec) {
    this.#codec = codec
  }

  /**
   * Encodes its `args`. Undefined, and nothing done, for one with payloads apart, and for one that is sent
   * while another is encoded. `template` gets the head of it, or with `like` has it.
   * @throws TroupeError ERR_NOT_SERIALIZABLE, ERR_TOO_LARGE
   */
  keep(envelope: Envelope, template: FrameTemplate, like: boolean): KeptEnvelope | undefined {
    if (this.#writing) return undefined
    const out = this.#out
    const limit = this.#codec.maxMessageBytes
    out.begin(limit + HEAD_BYTES)
    this.#writing = true
    try {
      if (like) template.put(out)
      else this.#putHead(envelope, template)
      this.#codec.writeArgs(out, envelope.args ?? NO_ARGS)
      if (out.at - out.start > limit + HEAD_BYTES) throw OVERFLOW
    } catch (error) {
      out.drop()
      throw error === OVERFLOW ? tooLarge(limit) : error
    } finally {
      this.#writing = false
    }
    if (out.lifts.length > 0) {
      out.lifts = []
      out.drop()
      return undefined
    }
    const { buffer, start, at } = out
    putBodyBytes(out)
    out.finish()
    if (out.finishedBytes >= SLAB_BYTES) out.take()
    return new KeptEnvelope(buffer, start, at)
  }

  #putHead(envelope: Envelope, template: FrameTemplate): void {
    const out = this.#out
    out.reserve(HEAD_BYTES)
    putHead(out.buffer, out.start, FRAME.ENVELOPE, 0)
    out.at += HEAD_BYTES
    writeHead(out, envelope)
    template.take(out)
  }
}

const NO_ARGS: readonly unknown[] = []
