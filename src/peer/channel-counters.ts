/** What became of messages that found their lane at its bound, and what compression saved, over all peers since the node's start. */
export class ChannelCounters {
  /** Told the sender at once: by `fail`, by `wait` for tells, by `dropOldest` where nothing could make room. */
  refused = 0
  /** Asks that began to wait for room, by `wait`. */
  waited = 0
  /** Made room for newer ones, by `dropOldest`. */
  droppedOldest = 0
  /** By `dropNewest`. */
  droppedNewest = 0
  /** Messages that had to wait for credit of their receiver's node. */
  held = 0
  /** Grants of credit told to peers. */
  granted = 0
  /** How often an actor that fell behind began to keep credit of a lane back. */
  withheld = 0
  /** Bytes that were compressed … */
  compressedBytes = 0
  /** … and how many they were then. */
  compressedToBytes = 0
}
