/**
 * What a diagram shows of a trace, with indices in place of names: plain data, which stands in the page
 * as JSON. The browser lays it out and draws it by the same code.
 */
export interface Story {
  /** The scenario. */
  readonly name: string
  readonly seed: string
  readonly world: 'simulation' | 'real'
  readonly verdict: string
  readonly check?: string
  /** Why the check failed. */
  readonly error?: string
  /** Lines of the trace. */
  readonly lines: number
  readonly nodes: readonly string[]
  /** Actors that got messages, by node and then by name. */
  readonly actors: readonly StoryActor[]
  readonly clients: readonly string[]
  /** What can be shown and hidden by name: messages by method, log lines by level. */
  readonly tags: readonly Tag[]
  readonly channels: readonly string[]
  readonly steps: readonly Step[]
  readonly messages: readonly Message[]
  readonly operations: readonly Operation[]
  readonly spans: readonly Span[]
}

export interface StoryActor {
  readonly node: number
  /** As the trace has it: `chat/room:lobby`. */
  readonly name: string
}

export interface Tag {
  readonly name: string
  /** `system`: what nodes send for themselves, hidden at first as are logs of level info. */
  readonly kind: 'message' | 'system' | 'log'
}

/** What one node did at one moment, because of one thing: a row of the diagram. */
export interface Step {
  /** Its lines in the trace, the first and the last. */
  readonly first: number
  readonly last: number
  /** Microseconds. */
  readonly t: number
  /** Absent: of no node, such as a fault. */
  readonly node?: number
  /** The actor that got a message here. */
  readonly actor?: number
  /** The step that brought it about. */
  readonly cause?: number
  readonly notes?: readonly Note[]
  /** Nothing of a client's operation, and nothing went wrong: long stretches of such steps are folded. */
  readonly quiet?: true
}

export type NoteKind =
  | 'start'
  | 'restart'
  | 'crash'
  | 'fault'
  | 'end-fault'
  | 'choice'
  | 'note'
  | 'log'
  | 'warning'

export interface Note {
  readonly kind: NoteKind
  readonly text: string
  /** Of a log line. */
  readonly tag?: number
}

export interface Message {
  /** `n1>n3:commit#1`. */
  readonly id: string
  readonly from: number
  readonly to: number
  readonly tag: number
  readonly channel: number
  /** Its arguments as text, cut where a page would grow too large. */
  readonly body?: string
  /** The step that sent it. Absent: from before the trace. */
  readonly sent?: number
  readonly ends: readonly End[]
  /** It arrives more than once. */
  readonly twice?: true
  /** It left with a wrong bit, or with the contents of another. */
  readonly changed?: true
}

/** Where a message ended: it arrived, or a fault took it out. One without ends is lost with its connection, or under way. */
export interface End {
  readonly step: number
  readonly lost?: true
}

export interface Operation {
  readonly client: number
  readonly node: number
  /** Name and arguments. */
  readonly text: string
  /** A value, or how it ended. */
  readonly result: string
  readonly status: 'ok' | 'fail' | 'info' | 'open'
  readonly called: number
  readonly returned?: number
  /** What the failed check names. */
  readonly failing?: true
}

/** Something that lasts: from a step to another, or to the end. */
export interface Span {
  readonly kind: 'partition' | 'down' | 'pause' | 'fault'
  readonly from: number
  readonly to?: number
  readonly text: string
  /** Whom it concerns; of a partition all groups, one after another. */
  readonly nodes: readonly number[]
  /** Of a partition the group of each of `nodes`. */
  readonly groups?: readonly number[]
}
