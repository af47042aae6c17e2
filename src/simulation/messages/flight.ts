import type { FrameKind } from '../../wire/frame.js'

/** A message between two nodes that is under way. */
export class Flight {
  /** Rises with each message that is sent. */
  readonly serial: number
  readonly kind: FrameKind
  readonly channel: string
  bytes: Buffer
  /** The index of the event that sent it. */
  readonly cause: number
  /** What faults and choices call it; '' where nobody asks. */
  readonly label: string
  /** The actor it is for, as its envelope says it; '' for what is no message of actors. */
  readonly actor: string
  /** Not before that virtual time, in microseconds. */
  readyUs: number
  /** The gate of its receiver has let it pass already. */
  passed = false
  /** How often it is handed over. */
  copies = 1

  constructor(
    serial: number,
    kind: FrameKind,
    channel: string,
    bytes: Buffer,
    cause: number,
    label: string,
    actor: string,
    readyUs: number,
  ) {
    this.serial = serial
    this.kind = kind
    this.channel = channel
    this.bytes = bytes
    this.cause = cause
    this.label = label
    this.actor = actor
    this.readyUs = readyUs
  }
  /** The same to come later, while this one's place on its lane is free. */
  apart(): Flight {
    const { serial, kind, channel, bytes, cause, label, actor, readyUs } = this
    const later = new Flight(serial, kind, channel, bytes, cause, label, actor, readyUs)
    later.passed = true
    later.copies = this.copies
    return later
  }
}
