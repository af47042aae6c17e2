// A model-based test: commands are drawn, messages lost, and what comes back is held against a model.
import { Actor, actor } from 'troupe'
import { modelTest } from 'troupe/models'
import { faultModels, type Scenario } from 'troupe/simulation'

@actor('poll/box')
class Box extends Actor {
  #votes = 0
  vote(): number {
    return ++this.#votes
  }
}
const again = (vote: () => Promise<number>) => vote().catch(vote) // no answer: once more
const poll: Scenario = {
  name: 'poll',
  level: 'messages',
  nodes: 2,
  start: (node) => void node.spawn(Box, undefined, { name: 'box' }),
  operations: { vote: (node) => again(() => node.lookup(Box, 'box', { on: 'n1' }).ask.vote()) },
}
const plusOne = (votes: number) => votes + 1
const commands = { vote: { expects: plusOne, next: plusOne } }
const faults = faultModels.loss(0.1)
const { failure } = await modelTest({ scenario: poll, model: 0, commands, faults })
console.log(failure?.counterexample.split('#!')[0]?.trim())

// Output:
// # model: vote on n2 gave 2: the model expects 1
// # with drop n1>n2:reply#1
// n2 vote : FAIL, {1, 2}
