// A model-based test: commands are drawn, messages lost, and what comes back is held against a model.
import { Actor, actor, type Node } from 'troupe'
import { modelTest } from 'troupe/models'
import { faultModels, type Scenario } from 'troupe/simulation'

@actor('poll/box')
class Box extends Actor {
  #votes = 0
  vote(): number {
    return ++this.#votes
  }
}
const box = (node: Node) => node.lookup(Box, 'box', { on: 'n1' }).with({ timeoutMs: 500 })
const poll: Scenario = {
  name: 'poll',
  level: 'messages',
  nodes: 2,
  start: (node) => void node.spawn(Box, undefined, { name: 'box' }),
  // tries again when there is no answer, which may only mean that the answer was lost
  operations: {
    vote: (node) =>
      box(node)
        .ask.vote()
        .catch(() => box(node).ask.vote()),
  },
}
const vote = { expects: (votes: number) => votes + 1, next: (votes: number) => votes + 1 }
const faults = faultModels.loss(0.1)
const { failure } = await modelTest({ scenario: poll, model: 0, commands: { vote }, faults })
console.log(failure?.counterexample.split('#!')[0]?.trim())

// Output:
// # model: vote on n2 gave 2: the model expects 1
// # with drop n1>n2:reply#1
// n2 vote : FAIL, {1, 2}
