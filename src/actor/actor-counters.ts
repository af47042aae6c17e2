/** What the actors of one node have done since its start. */
export class ActorCounters {
  spawned = 0
  ended = 0
  restarts = 0
  crashes = 0
  refusals = 0
  deadLetters = 0
  lateAnswers = 0
  askTimeouts = 0
}
