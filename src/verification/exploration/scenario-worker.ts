import type { DeskAnswers, DeskTask } from './desk.js'
import type { ShareEvent } from './share.js'

/** Where tasks with a scenario are done: a thread, or here. */
export interface Worker {
  readonly gone: boolean
  do<T extends DeskTask>(
    task: T,
    say?: (event: ShareEvent) => void,
  ): Promise<DeskAnswers[T['type']]>
  /** What it does is given up. */
  close(): Promise<void>
}
