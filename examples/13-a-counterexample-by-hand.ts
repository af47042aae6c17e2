// A counterexample by hand: lines of what happens, each with the result it should have.
import { Actor, actor } from 'troupe'
import { runCounterexample, type Scenario } from 'troupe/simulation'

@actor('break/register')
class Register extends Actor {
  #value = 0

  write(value: number): void {
    this.#value = value
  }

  read(): number {
    return this.#value
  }
}

const register: Scenario = {
  name: 'register',
  nodes: 3,
  start: (node) => void node.spawn(Register, undefined, { name: 'register' }),
  operations: {
    // Written everywhere, read where one is: no quorum, no order.
    write: async (node, value: number) => {
      const all = ['n1', 'n2', 'n3'].map((on) => node.lookup(Register, 'register', { on }))
      await Promise.all(all.map((copy) => copy.with({ timeoutMs: 500 }).ask.write(value)))
    },
    read: (node) => node.lookup(Register, 'register').ask.read(),
  },
}

const lines = `
n1 write 1 : OK
n3 read : 1
fault partition { n1 } { n2 n3 }
n1 write 2 : TIMEOUT
n1 read : 2
fault heal
n3 read : 2
`
const { result } = await runCounterexample(lines, register, { file: 'by-hand.cx' })
console.log(result.verdict)
console.log(result.error?.message)

// Output:
// fail
// result: by-hand.cx:8: n3 read : 2, but the result was 1
